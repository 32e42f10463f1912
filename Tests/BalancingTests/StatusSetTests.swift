import Testing

@testable import Balancing

struct StatusSetTests {
    @Test func `a set holds exactly the statuses of its ranges`() {
        let set = StatusSet([200...200, 500...599, 404...410, 405...405])
        let members = (-1000...2000).filter(set.contains)
        #expect(members == [200] + Array(404...410) + Array(500...599))
        #expect(set.description == "200, 404-410, 500-599")
    }

    @Test func `sets are equal when they hold the same`() {
        #expect(StatusSet([100...150, 151...599]) == StatusSet([100...599]))
        #expect(StatusSet([100...598]) != StatusSet([100...599]))
        #expect(StatusSet([0...99, 600...10_000]) == StatusSet())
        #expect(StatusSet().description == "")
    }
}
