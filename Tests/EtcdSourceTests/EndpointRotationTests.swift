import TestSupport
import Testing

@testable import EtcdSource

struct EndpointRotationTests {
    private func rotation(_ count: Int, seed: UInt64 = 1) -> EndpointRotation {
        var generator = SeededGenerator(seed: seed)
        return EndpointRotation(count: count, using: &generator)
    }

    /// The endpoints that a session tries when each of them fails.
    private func session(_ rotation: inout EndpointRotation) -> [Int] {
        rotation.beginSession()
        var tried: [Int] = []
        while let endpoint = rotation.next() { tried.append(endpoint) }
        return tried
    }

    @Test func `a session tries each endpoint once`() {
        for count in 0...5 {
            var rotation = rotation(count)
            for _ in 1...3 {
                let tried = session(&rotation)
                #expect(tried.sorted() == Array(0..<count))
            }
        }
    }

    @Test func `a session begins with the endpoint that was used last`() {
        var rotation = rotation(3)
        rotation.beginSession()
        let first = rotation.next()
        rotation.beginSession()
        let again = rotation.next()
        #expect(again == first)
        let second = rotation.next()
        #expect(second != first)
        rotation.beginSession()
        let last = rotation.next()
        #expect(last == second)
    }

    @Test func `after an endpoint worked for a while each is tried again, that one last, before the session has failed`() {
        var rotation = rotation(3)
        rotation.beginSession()
        let first = rotation.next()
        let second = rotation.next()
        rotation.noteSuccess()
        let third = rotation.next()
        let fourth = rotation.next()
        let fifth = rotation.next()
        let sixth = rotation.next()
        #expect(fourth == first && fifth == second && sixth == nil)
        #expect(Set([first, second, third]).count == 3)
    }

    @Test func `a single endpoint is not tried again without a pause`() {
        var rotation = rotation(1)
        rotation.beginSession()
        _ = rotation.next()
        rotation.noteSuccess()
        let again = rotation.next()
        #expect(again == nil)
    }

    @Test func `a session begins where it was told to`() {
        var rotation = rotation(4)
        for endpoint in [2, 0, 3] {
            rotation.choose(endpoint)
            rotation.beginSession()
            let next = rotation.next()
            #expect(next == endpoint)
        }
    }

    @Test func `processes spread over the endpoints`() {
        var firsts = [0, 0, 0]
        for seed in 0..<3000 {
            var rotation = rotation(3, seed: UInt64(seed))
            rotation.beginSession()
            firsts[rotation.next() ?? 0] += 1
        }
        // Six standard deviations of 1,000.
        for count in firsts { #expect((845...1155).contains(count)) }
    }
}
