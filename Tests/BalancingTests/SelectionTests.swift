import Balancing
import Testing

struct SelectionTests {
    private func choose(well: Int, ill: Int, notCandidates: Int = 0, threshold: Double = 0.25) -> Selection.Choice {
        let members =
            Array(repeating: Selection.Member(isCandidate: true, isWell: true), count: well)
            + Array(repeating: Selection.Member(isCandidate: true, isWell: false), count: ill)
            + Array(repeating: Selection.Member(isCandidate: false, isWell: true), count: notCandidates)
        return Selection.choose(among: members, panicThreshold: threshold)
    }

    @Test func `below the threshold all candidates are picked`() {
        #expect(choose(well: 1, ill: 3) == .eligible)
        #expect(choose(well: 1, ill: 4) == .panic)
        #expect(choose(well: 0, ill: 1) == .panic)
    }

    @Test func `a threshold of zero turns panic off`() {
        #expect(choose(well: 0, ill: 4, threshold: 0) == .eligible)
    }

    @Test func `peers that their operator took out do not count`() {
        #expect(choose(well: 2, ill: 0, notCandidates: 8) == .eligible)
        #expect(choose(well: 0, ill: 0, notCandidates: 8) == .eligible)
    }
}
