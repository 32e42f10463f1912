import Balancing
import TestSupport
import Testing

@testable import HealthChecking

/// The schedule by a clock of the test's own; a probe takes no time unless the test says so.
struct CheckScheduleTests {
    private let start = ContinuousClock.now
    private var generator = SeededGenerator(seed: 7)

    private func settings(_ interval: Duration = .seconds(5), timeout: Duration = .seconds(3), jitter: Double = 0.1) -> HealthCheckSettings {
        var settings = HealthCheckSettings()
        settings.interval = interval
        settings.timeout = timeout
        settings.jitter = jitter
        return settings
    }

    private func peers(_ numbers: Range<Int>, url: String = "/health") throws -> [CheckedPeer] {
        try numbers.map { CheckedPeer(peer: try PeerAddress("10.0.\($0 / 250).\($0 % 250):80"), url: url) }
    }

    /// Steps of `step` up to `end`: starts what is due and ends it after `duration`. Gives every start with its time since the beginning.
    private mutating func play(
        _ schedule: inout CheckSchedule,
        from begin: Duration = .zero,
        until end: Duration,
        step: Duration = .milliseconds(10),
        duration: Duration = .zero
    ) -> [(time: Duration, start: CheckSchedule.Start)] {
        var all: [(time: Duration, start: CheckSchedule.Start)] = []
        var running: [(end: Duration, id: Int)] = []
        var time = begin
        while time <= end {
            for ended in running where ended.end <= time {
                _ = schedule.finish(ended.id, .connected, at: start + time, using: &generator)
            }
            running.removeAll { $0.end <= time }
            for started in schedule.start(at: start + time, using: &generator) {
                all.append((time, started))
                if duration == .zero {
                    _ = schedule.finish(started.id, .connected, at: start + time, using: &generator)
                } else {
                    running.append((time + duration, started.id))
                }
            }
            time += step
        }
        return all
    }

    // MARK: First probes

    @Test mutating func `a cold start spreads first probes evenly over the interval`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<5000), settings: settings(), isColdStart: true, at: start, using: &generator)
        let starts = play(&schedule, until: .seconds(4.99))
        #expect(Set(starts.map(\.start.id)).count > 4750)
        for second in 0..<5 {
            let count = starts.count { $0.time >= .seconds(second) && $0.time < .seconds(second + 1) }
            #expect((880...1130).contains(count), "second \(second): \(count)")
        }
        #expect(schedule.statistics.late == 0)
    }

    @Test mutating func `a target that joins a running service is probed at once, and then in a rhythm of its own`() throws {
        var schedule = CheckSchedule(concurrency: 10_000)
        schedule.setTargets(of: "a", try peers(0..<1000), settings: settings(), isColdStart: false, at: start, using: &generator)
        let starts = play(&schedule, until: .seconds(5.3))
        #expect(starts.count { $0.time == .zero } == 1000)
        for second in 1..<5 {
            let count = starts.count { $0.time >= .seconds(second) && $0.time < .seconds(second + 1) }
            #expect((140...260).contains(count), "second \(second): \(count)")
        }
    }

    @Test mutating func `a list said again changes no time, whatever joins`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(), isColdStart: true, at: start, using: &generator)
        let due = try #require(schedule.nextInstant)
        schedule.setTargets(of: "a", try peers(0..<2), settings: settings(), isColdStart: false, at: start, using: &generator)
        #expect(schedule.start(at: start, using: &generator).map(\.target.peer) == [try peers(1..<2)[0].peer])
        #expect(schedule.nextInstant == due)
        #expect(schedule.statistics.targets == 2)
    }

    // MARK: The rhythm

    @Test(arguments: [0, 0.1, 0.5, 1])
    mutating func `starts stay within half of the jitter of their rhythm for 1,000 rounds`(jitter: Double) throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(jitter: jitter), isColdStart: true, at: start, using: &generator)
        let phase = start.duration(to: try #require(schedule.slots[0]?.round))
        for round in 0..<1000 {
            let due = try #require(schedule.nextInstant)
            let deviation = start.duration(to: due) - phase - .seconds(5) * round
            #expect(abs(deviation / .seconds(5)) <= jitter / 2 + 1e-9)
            // Each probe begins a little late and takes a while.
            let id = try #require(schedule.start(at: due + .milliseconds(20), using: &generator).first?.id)
            _ = schedule.finish(id, .connected, at: due + .milliseconds(40), using: &generator)
        }
        #expect(schedule.statistics.skippedRounds == 0)
        #expect(schedule.statistics.late == 0)
        #expect(schedule.statistics.worstLateness == .milliseconds(20))
    }

    @Test mutating func `jitter uses its whole range`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(jitter: 0.4), isColdStart: true, at: start, using: &generator)
        let starts = play(&schedule, until: .seconds(2500))
        let gaps = zip(starts.dropFirst(), starts).map { $0.time - $1.time }
        let shortest = try #require(gaps.min())
        let longest = try #require(gaps.max())
        #expect(shortest >= .seconds(3) - .milliseconds(10) && shortest < .seconds(3.5))
        #expect(longest <= .seconds(7) + .milliseconds(10) && longest > .seconds(6.5))
    }

    @Test mutating func `another interval applies at once, without a burst`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<1000), settings: settings(.seconds(60)), isColdStart: true, at: start, using: &generator)
        _ = play(&schedule, until: .seconds(1))
        schedule.setTargets(
            of: "a",
            try peers(0..<1000),
            settings: settings(.seconds(2)),
            isColdStart: false,
            at: start + .seconds(1),
            using: &generator
        )
        #expect(schedule.statistics.targets == 1000)
        let starts = play(&schedule, from: .seconds(1), until: .seconds(2.99))
        #expect(Set(starts.map(\.start.id)).count > 940)
        #expect(starts.count { $0.time < .seconds(1.1) } < 80)
    }

    @Test mutating func `another URL is asked at once`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(), isColdStart: true, at: start, using: &generator)
        schedule.setTargets(of: "a", try peers(0..<1, url: "tcp:"), settings: settings(), isColdStart: false, at: start, using: &generator)
        #expect(schedule.start(at: start, using: &generator).map(\.target.url) == ["tcp:"])
        #expect(schedule.statistics.targets == 1)
    }

    // MARK: Lateness

    @Test mutating func `so many probes run at a time, those due for longest first`() throws {
        var schedule = CheckSchedule(concurrency: 10)
        schedule.setTargets(of: "a", try peers(0..<100), settings: settings(), isColdStart: true, at: start, using: &generator)
        let late = start + .seconds(5)
        var order: [ContinuousClock.Instant] = []
        while true {
            let dues = schedule.slots.map { $0?.due ?? late }
            let starts = schedule.start(at: late, using: &generator)
            guard !starts.isEmpty else { break }
            #expect(starts.count == 10)
            #expect(schedule.statistics.inFlight == 10)
            #expect(schedule.nextInstant == nil)
            #expect(schedule.start(at: late, using: &generator).isEmpty)
            order += starts.map { dues[$0.id] }
            for start in starts { _ = schedule.finish(start.id, .connected, at: late, using: &generator) }
        }
        #expect(order.count == 100)
        #expect(order == order.sorted())
        #expect(schedule.statistics.inFlight == 0)
    }

    @Test mutating func `an overdue probe is made once and counted late; rounds that are over are left out`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<500), settings: settings(), isColdStart: true, at: start, using: &generator)
        // Nothing runs for 100 s.
        let starts = play(&schedule, from: .seconds(100), until: .seconds(104.5))
        #expect(Set(starts.map(\.start.id)).count == 500)
        #expect(starts.count < 1000)
        #expect(schedule.statistics.late == 500)
        #expect(schedule.statistics.worstLateness > .seconds(99))
        #expect((19 * 500 - 500...20 * 500).contains(schedule.statistics.skippedRounds))
        #expect(schedule.statistics.failures.isEmpty)

        let later = play(&schedule, from: .seconds(104.51), until: .seconds(130))
        #expect((2400...2700).contains(later.count))
        for second in 106..<130 {
            let count = later.count { $0.time >= .seconds(second) && $0.time < .seconds(second + 1) }
            #expect((60...140).contains(count), "second \(second): \(count)")
        }
        #expect(schedule.statistics.late == 500)
    }

    @Test mutating func `targets that have fallen silent do not delay the others`() throws {
        var schedule = CheckSchedule(concurrency: 20)
        schedule.setTargets(of: "a", try peers(0..<1000), settings: settings(), isColdStart: true, at: start, using: &generator)
        var running: [(end: Duration, id: Int)] = []
        var time = Duration.zero
        var lateBefore = 0
        var others = 0
        while time < .seconds(300) {
            let now = start + time
            for ended in running where ended.end <= time {
                _ = schedule.finish(ended.id, .failure("timed out"), at: now, using: &generator)
            }
            running.removeAll { $0.end <= time }
            for started in schedule.start(at: now, using: &generator) {
                // A tenth of them would need 60 places.
                if started.id < 100 {
                    running.append((time + .seconds(3), started.id))
                } else {
                    others += time >= .seconds(200) ? 1 : 0
                    _ = schedule.finish(started.id, .status(200), at: now, using: &generator)
                }
            }
            if time == .seconds(200) {
                lateBefore = schedule.statistics.late
                #expect(schedule.slots.prefix(100).allSatisfy { $0?.isSilent == true })
            }
            #expect(time < .seconds(200) || running.count <= 10)
            time += .milliseconds(10)
        }
        #expect((17_950...18_050).contains(others))
        #expect(schedule.statistics.late - lateBefore <= 100 / 3 * 10 + 10, "only the silent are late")
    }

    @Test mutating func `a target is never probed twice at a time`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<20), settings: settings(.seconds(1)), isColdStart: true, at: start, using: &generator)
        let starts = play(&schedule, until: .seconds(60), duration: .seconds(2.5))
        for (_, times) in Dictionary(grouping: starts, by: \.start.id) {
            #expect((18...24).contains(times.count))
            #expect(zip(times.dropFirst(), times).allSatisfy { $0.time - $1.time >= .seconds(2.5) })
        }
        #expect(schedule.statistics.late == 0)
        #expect(schedule.statistics.skippedRounds > 0)
    }

    // MARK: Sharing and removing

    @Test mutating func `services that ask the same share a probe, and each gets the result`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        let peer = try peers(0..<1)
        schedule.setTargets(of: "a", peer + peer, settings: settings(), isColdStart: true, at: start, using: &generator)
        schedule.setTargets(of: "b", peer, settings: settings(), isColdStart: false, at: start, using: &generator)
        schedule.setTargets(of: "c", peer, settings: settings(.seconds(6)), isColdStart: true, at: start, using: &generator)
        #expect(schedule.statistics.targets == 2)

        let starts = schedule.start(at: start, using: &generator)
        #expect(starts.count == 1)
        // One that comes while the probe runs is served too.
        schedule.setTargets(of: "d", peer, settings: settings(), isColdStart: false, at: start, using: &generator)
        let results = schedule.finish(try #require(starts.first).id, .status(204), at: start, using: &generator)
        #expect(Set(results.map(\.service)) == ["a", "b", "d"])
        #expect(results.allSatisfy { $0.result == .status(204) && $0.peer == peer[0].peer })
        #expect(schedule.start(at: start, using: &generator).isEmpty)

        schedule.setTargets(of: "a", [], settings: settings(), isColdStart: false, at: start, using: &generator)
        schedule.setTargets(of: "d", [], settings: settings(), isColdStart: false, at: start, using: &generator)
        #expect(schedule.statistics.targets == 2)
        let later = start + .seconds(10)
        let ids = schedule.start(at: later, using: &generator).map(\.id)
        #expect(Set(ids.flatMap { schedule.finish($0, .connected, at: later, using: &generator) }.map(\.service)) == ["b", "c"])
    }

    @Test mutating func `the result of a target that was removed meanwhile is dropped`() throws {
        var schedule = CheckSchedule(concurrency: 1)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(), isColdStart: false, at: start, using: &generator)
        let id = try #require(schedule.start(at: start, using: &generator).first?.id)
        schedule.setTargets(of: "a", [], settings: settings(), isColdStart: false, at: start, using: &generator)
        schedule.setTargets(of: "b", try peers(1..<2), settings: settings(), isColdStart: false, at: start, using: &generator)
        #expect(schedule.start(at: start, using: &generator).isEmpty, "it still runs")
        #expect(schedule.finish(id, .connected, at: start, using: &generator).isEmpty)
        #expect(schedule.start(at: start, using: &generator).map(\.target.peer) == [try peers(1..<2)[0].peer])
        #expect(schedule.statistics.targets == 1)
    }

    @Test mutating func `a target that comes back while its old probe runs is probed anew after it`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(), isColdStart: false, at: start, using: &generator)
        let id = try #require(schedule.start(at: start, using: &generator).first?.id)
        schedule.setTargets(of: "a", [], settings: settings(), isColdStart: false, at: start, using: &generator)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(), isColdStart: false, at: start, using: &generator)
        #expect(schedule.start(at: start, using: &generator).isEmpty)
        #expect(schedule.finish(id, .connected, at: start + .seconds(1), using: &generator).isEmpty)
        let again = try #require(schedule.start(at: start + .seconds(1), using: &generator).first?.id)
        #expect(schedule.finish(again, .status(200), at: start + .seconds(1), using: &generator).map(\.result) == [.status(200)])
    }

    @Test mutating func `a probe that says nothing about its peer gives no result and is made again in the next round`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<1), settings: settings(), isColdStart: false, at: start, using: &generator)
        let id = try #require(schedule.start(at: start, using: &generator).first?.id)
        #expect(schedule.finish(id, nil, at: start, using: &generator).isEmpty)
        #expect(schedule.start(at: start + .seconds(6), using: &generator).count == 1)
    }

    @Test mutating func `checks that are off and peers without a URL are not probed`() throws {
        var schedule = CheckSchedule(concurrency: 256)
        schedule.setTargets(of: "a", try peers(0..<3, url: ""), settings: settings(), isColdStart: false, at: start, using: &generator)
        #expect(schedule.nextInstant == nil)
        schedule.setTargets(of: "a", try peers(0..<3), settings: settings(), isColdStart: false, at: start, using: &generator)
        #expect(schedule.statistics.targets == 3)
        var off = settings()
        off.isEnabled = false
        schedule.setTargets(of: "a", try peers(0..<3), settings: off, isColdStart: false, at: start, using: &generator)
        #expect(schedule.statistics.targets == 0)
        #expect(schedule.start(at: start + .seconds(100), using: &generator).isEmpty)
    }

    @Test mutating func `targets that come and go leave nothing behind`() throws {
        var schedule = CheckSchedule(concurrency: 4)
        let long = settings(.seconds(3600))
        var inFlight: [Int] = []
        for round in 0..<3000 {
            let first = Int.random(in: 0..<20, using: &generator)
            let instant = start + .seconds(round)
            schedule.setTargets(
                of: "s\(round % 5)",
                try peers(first..<first + 10),
                settings: long,
                isColdStart: Bool.random(using: &generator),
                at: instant,
                using: &generator
            )
            inFlight += schedule.start(at: instant, using: &generator).map(\.id)
            #expect(inFlight.count == schedule.statistics.inFlight && inFlight.count <= 4)
            #expect(Set(inFlight).count == inFlight.count)
            inFlight.shuffle(using: &generator)
            while inFlight.count > 2 { _ = schedule.finish(inFlight.removeLast(), .connected, at: instant, using: &generator) }
        }
        #expect(schedule.slots.count <= 34)
        #expect(schedule.queueCount <= 2 * 34 + 1024)
        for service in 0..<5 {
            schedule.setTargets(of: "s\(service)", [], settings: long, isColdStart: false, at: start, using: &generator)
        }
        for id in inFlight { _ = schedule.finish(id, .connected, at: start, using: &generator) }
        #expect(schedule.statistics.targets == 0 && schedule.statistics.inFlight == 0)
        #expect(schedule.services.isEmpty && schedule.slots.allSatisfy { $0 == nil })
    }
}
