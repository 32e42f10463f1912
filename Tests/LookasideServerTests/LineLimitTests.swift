import Testing

@testable import LookasideServer

struct LineLimitTests {
    private let start = ContinuousClock.now

    @Test func `one line in ten seconds passes and says how many did not`() {
        var limit = LineLimit()
        #expect(limit.admit(at: start) == 0)
        for milliseconds in [0, 1, 5_000, 9_999] { #expect(limit.admit(at: start + .milliseconds(milliseconds)) == nil) }
        #expect(limit.admit(at: start + .seconds(10)) == 4)
        #expect(limit.admit(at: start + .milliseconds(19_999)) == nil)
        #expect(limit.admit(at: start + .seconds(20)) == 1)
    }

    @Test func `ten seconds count from the last line that passed, and what was counted is said once`() {
        var limit = LineLimit()
        #expect(limit.admit(at: start) == 0)
        #expect(limit.admit(at: start + .seconds(1)) == nil)
        #expect(limit.admit(at: start + .seconds(15)) == 1)
        #expect(limit.admit(at: start + .seconds(24)) == nil)
        #expect(limit.admit(at: start + .seconds(25)) == 1)
        #expect(limit.admit(at: start + .seconds(3600)) == 0)
    }
}
