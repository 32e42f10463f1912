import Balancing
import Discovery
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

/// Everything that threads do at the same time, over a control plane that changes the membership all the while.
///
/// `deploy/test --slow` runs this under ThreadSanitizer, too.
struct ConcurrencyTests {
    private static let services = 1_000
    private static let threads = 8
    private static let changes = 2_000
    private static let now = Moment.second(100)

    private let directory = ServiceDirectory()
    private let controlPlane: ControlPlane

    init() async {
        controlPlane = ControlPlane(
            sources: [SourceDescription(name: "source")],
            directory: directory,
            staleAfter: nil,
            clock: ServerClock(now: { Self.now }, wallTime: { 1_700_000_000 }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        await controlPlane.apply(combine: .merge, staleAfter: nil) { service in
            var settings = ServiceSettings()
            settings.policy = Policy.allCases[Int(service.dropFirst()).map { $0 % Policy.allCases.count } ?? 0]
            return settings
        }
    }

    // MARK: - Generations

    /// The four peers that a service has in a generation; the next one has three of them, all with another weight.
    private static func peers(of service: Int, _ generation: Int) -> Set<String> {
        Set((generation..<(generation + 4)).map { address(service, $0 % 6) })
    }

    private static func address(_ service: Int, _ peer: Int) -> String { "10.\(service / 250).\(service % 250).\(peer + 1):80" }

    private static func entries(of service: Int, _ generation: Int) -> [SourceEntry] {
        let gone = generation == 0 ? [] : peers(of: service, generation - 1).subtracting(peers(of: service, generation))
        let value = PeerValue(weight: Double(generation + 1))
        return peers(of: service, generation).map { SourceEntry(key: "s\(service)/\($0)", content: .value(value)) }
            + gone.map { SourceEntry(key: "s\(service)/\($0)", content: .deleted) }
    }

    /// Whether a plan shows one generation, and that one only.
    private static func isWhole(_ plan: Plan, of service: Int) -> Bool {
        guard let weight = plan.members.first?.weight, plan.members.allSatisfy({ $0.weight == weight }) else { return false }
        return Set(plan.members.map { "\($0.state.address)" }) == peers(of: service, Int(weight) - 1)
    }

    // MARK: - Threads

    private final class Tally: Sendable {
        let isOver = Atomic(false)
        let picks = Atomic(0)
        let outcomes = Atomic(0)
        let torn = Atomic(0)
        let foreign = Atomic(0)
        let running = Atomic(threads)
    }

    private static func startThreads(_ directory: ServiceDirectory) -> Tally {
        let tally = Tally()
        for thread in 0..<threads {
            Thread.detachNewThread {
                var generator = SeededGenerator(seed: UInt64(thread))
                while !tally.isOver.load(ordering: .acquiring) {
                    visit(Int.random(in: 0..<services, using: &generator), of: directory, thread, tally, &generator)
                }
                tally.running.subtract(1, ordering: .acquiringAndReleasing)
            }
        }
        return tally
    }

    private static func visit(
        _ number: Int,
        of directory: ServiceDirectory,
        _ thread: Int,
        _ tally: Tally,
        _ generator: inout SeededGenerator
    ) {
        guard let service = directory["s\(number)"] else { return }
        var picks: [Pick] = []
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: picks = service.pick(.init(count: 5, leaseSeconds: 5), at: now, using: &generator)
        case 1: picks = service.pick(.init(key: generator.next()), at: now, using: &generator)
        case 2: picks = service.pick(.init(excluded: service.plan.members.prefix(1).map(\.state.address)), at: now, using: &generator)
        case 3: if !isWhole(service.plan, of: number) { tally.torn.add(1, ordering: .relaxed) }
        case 4: service.settle()
        case 5: _ = service.outcomes(window: 60, before: now.second)
        case 6:
            service.endLeases(at: now)
            service.recountLoad(at: now)
            service.freeIdleStatistics(at: now.second)
        default: picks = service.pick(at: now).map { [$0] } ?? []
        }
        tally.picks.add(picks.count, ordering: .relaxed)
        for pick in picks {
            let address = pick.peer.address
            if !"\(address)".hasPrefix("10.\(number / 250).\(number % 250).") { tally.foreign.add(1, ordering: .relaxed) }
            let status: UInt16 = Int.random(in: 0..<4, using: &generator) == 0 ? 500 : 200
            // Of no length, so that it takes away a whole pick.
            let outcome = Outcome(result: .status(status), latencyMilliseconds: 0, reporter: "\(thread)")
            if service.record(outcome, of: address, at: now) { tally.outcomes.add(1, ordering: .relaxed) }
        }
    }

    // MARK: -

    @Test func `eight threads on a thousand services that change a thousand times a second lose nothing and see no torn plan`() async throws {
        let feed = controlPlane.feed(for: 0)
        var table = SourceTable()
        for service in 0..<Self.services { for entry in Self.entries(of: service, 0) { table.apply(entry) } }
        await feed.replace(with: table, revision: "0")

        let tally = Self.startThreads(directory)
        var generator = SeededGenerator(seed: 99)
        var generations = [Int](repeating: 0, count: Self.services)
        let began = ContinuousClock.now
        for change in 0..<Self.changes {
            let service = Int.random(in: 0..<Self.services, using: &generator)
            generations[service] += 1
            await feed.apply(Self.entries(of: service, generations[service]), revision: "\(change + 1)")
            try await Task.sleep(until: began.advanced(by: .milliseconds(change)))
        }
        tally.isOver.store(true, ordering: .releasing)
        while tally.running.load(ordering: .acquiring) > 0 { try await Task.sleep(for: .milliseconds(5)) }

        #expect(tally.torn.load(ordering: .relaxed) == 0 && tally.foreign.load(ordering: .relaxed) == 0)
        let states = try (0..<Self.services).map { try #require(directory["s\($0)"]) }
        for (number, generation) in generations.enumerated() {
            let weight = Double(generation + 1)
            // A publication may rest for up to a quarter of a second.
            for _ in 0..<500 where states[number].plan.members.first?.weight != weight { try await Task.sleep(for: .milliseconds(10)) }
            let plan = states[number].plan
            #expect(Self.isWhole(plan, of: number) && plan.members.first?.weight == weight)
        }
        let picks = tally.picks.load(ordering: .relaxed)
        #expect(picks > 0 && states.reduce(0) { $0 + $1.picks(window: 60, before: Self.now.second + 1) } == UInt64(picks))
        let outcomes = states.reduce(0) { $0 + $1.totals(at: Self.now.second + 1).results.reduce(0, +) }
        #expect(outcomes == UInt64(tally.outcomes.load(ordering: .relaxed)))
        // Under way are at most those whose peer had left when their outcome came.
        let outstanding = states.reduce(0) { sum, state in
            state.plan.members.reduce(sum) { $0 + (state.outstanding(of: $1.state, at: Self.now) ?? 0) }
        }
        #expect((0...Double(picks - Int(outcomes))).contains(outstanding), "\(outstanding) of \(picks) - \(outcomes)")
    }
}
