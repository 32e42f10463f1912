import Testing

@testable import Discovery

struct PublicationScheduleTests {
    private let start = ContinuousClock.now
    private var schedule: PublicationSchedule

    init() {
        schedule = PublicationSchedule(now: start)
    }

    private func at(_ milliseconds: Double) -> ContinuousClock.Instant { start + .milliseconds(1) * milliseconds }

    @Test mutating func `an idle service is compiled at once`() {
        schedule.change("web", at: at(0))
        #expect(schedule.next(at: at(0)) == "web")
        #expect(schedule.next(at: at(0)) == nil)
        #expect(schedule.isEmpty && schedule.nextInstant() == nil)
    }

    @Test mutating func `after a compile a service rests ten times as long and its changes go together`() {
        schedule.change("web", at: at(0))
        _ = schedule.next(at: at(0))
        schedule.finish("web", taking: .milliseconds(2), at: at(2))
        schedule.change("web", at: at(3))
        schedule.change("web", at: at(10))
        #expect(schedule.next(at: at(21.9)) == nil)
        #expect(schedule.nextInstant() == at(22))
        #expect(schedule.next(at: at(22)) == "web")
        #expect(schedule.next(at: at(22)) == nil)
    }

    @Test mutating func `no rest is longer than a quarter of a second`() {
        schedule.change("web", at: at(0))
        _ = schedule.next(at: at(0))
        schedule.finish("web", taking: .milliseconds(100), at: at(100))
        schedule.change("web", at: at(101))
        #expect(schedule.nextInstant() == at(350))
        #expect(schedule.next(at: at(350)) == "web")
    }

    @Test mutating func `services wait their turn, the oldest change first`() {
        schedule.change("busy", at: at(0))
        _ = schedule.next(at: at(0))
        schedule.finish("busy", taking: .milliseconds(1), at: at(1))
        schedule.change("busy", at: at(2))
        schedule.change("first", at: at(3))
        schedule.change("second", at: at(4))
        #expect(schedule.next(at: at(5)) == "first")
        #expect(schedule.next(at: at(12)) == "busy")
        #expect(schedule.next(at: at(12)) == "second")
    }

    @Test mutating func `compiling takes at most half of the time`() {
        for service in 0..<1000 { schedule.change("s\(service)", at: at(0)) }
        var now = 0.0
        var compiled = 0
        while now < 200 {
            if schedule.next(at: at(now)) != nil {
                schedule.finish("s", taking: .milliseconds(1), at: at(now + 1))
                compiled += 1
                now += 1
            } else {
                now += 0.25
            }
        }
        #expect(95...110 ~= compiled)
    }

    @Test mutating func `a compile does not make another service wait when there is time to spare`() {
        schedule.change("a", at: at(0))
        _ = schedule.next(at: at(0))
        schedule.finish("a", taking: .milliseconds(1), at: at(1))
        schedule.change("b", at: at(1))
        #expect(schedule.next(at: at(1)) == "b")
    }
}
