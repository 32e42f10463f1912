import Testing

@testable import LookasideServer

struct ShutdownDeadlineTests {
    @Test func `what is stopped last has what is left, and a second in any case`() {
        let now = ContinuousClock.now
        let deadline = ShutdownDeadline()
        #expect(deadline.rest(at: now) == .seconds(1))
        deadline.begin(.seconds(10), now: now)
        #expect(deadline.rest(at: now + .seconds(3)) == .seconds(7))
        #expect(deadline.rest(at: now + .seconds(9.5)) == .seconds(1))
        #expect(deadline.rest(at: now + .seconds(60)) == .seconds(1))
    }
}
