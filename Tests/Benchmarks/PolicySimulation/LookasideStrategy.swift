internal import Balancing
internal import Discovery
internal import TestSupport

/// All clients ask one server: its real code, with a clock that is turned by hand. There are no active checks.
struct LookasideStrategy: Strategy {
    private static let second: Microseconds = 1_000_000
    /// The time of the server's clock at the beginning: not 0, which no real clock shows.
    private static let clockStart: UInt64 = 1_000_000

    private let policy: Policy
    private let reports: Bool
    private let start = ContinuousClock.now
    private let addresses: [PeerAddress]
    private let indices: [PeerAddress: Int]
    private let signals = Collected<ServiceSignal>()
    private var table = SourceTable()
    private var record: ServiceRecord
    private var generator: SeededGenerator
    private var nextSecond = Self.second
    private(set) var deadline = Self.second

    init(_ backends: [Int], policy: Policy, reports: Bool, seed: UInt64) {
        self.policy = policy
        self.reports = reports
        addresses = (0..<Scenario.backends).map { index in
            guard let address = try? PeerAddress("10.0.0.\(index + 1):8080") else { fatalError("there are too many backends") }
            return address
        }
        indices = Dictionary(uniqueKeysWithValues: addresses.enumerated().map { ($1, $0) })
        generator = SeededGenerator(seed: seed)
        var settings = ServiceSettings()
        settings.policy = policy
        settings.checkURL = ""
        record = ServiceRecord(name: "web", settings: settings, born: nil, generator: SeededGenerator(seed: generator.next())) { [signals] in
            signals.append($0)
        }
        for backend in backends { add(backend) }
        publish(isFirstList: true, at: 0)
    }

    mutating func pick(_ request: Scenario.Request) -> Int {
        let now = moment(request.time)
        let pick =
            policy == .consistentHash
            ? record.state.pick(.init(key: request.key), at: now, using: &generator).first
            : record.state.pick(at: now)
        guard let pick, let backend = indices[pick.peer.address] else { fatalError("no peer can be picked") }
        return backend
    }

    mutating func end(_ request: Scenario.Request, of backend: Int, _ ending: Ending, at now: Microseconds) {
        guard reports else { return }
        let result: Outcome.Result =
            switch ending {
            case .success: .status(200)
            case .refusal: .status(503)
            case .timeout: .error(.timeout)
            }
        let outcome = Outcome(result: result, latencyMilliseconds: Double(now - request.time) / 1000, reporter: "client-\(request.client)")
        guard record.state.record(outcome, of: addresses[backend], at: moment(now)) else { fatalError("the service has lost a peer") }
        for signal in signals.take() { receive(signal, at: now) }
    }

    mutating func join(_ backend: Int, at now: Microseconds) {
        add(backend)
        publish(isFirstList: false, at: now)
    }

    mutating func advance(to now: Microseconds) {
        if nextSecond <= now {
            // As the statistics keeper does.
            record.state.settle()
            record.state.recountLoad(at: moment(now))
            nextSecond += Self.second
        }
        if record.advance(to: instant(now), wallTime: wallTime(now), second: moment(now).second) { publish(isFirstList: false, at: now) }
        updateDeadline()
    }

    // MARK: - What the control plane does

    private mutating func receive(_ signal: ServiceSignal, at now: Microseconds) {
        switch signal {
        case .outcomesBegan: record.beginSweeps(at: instant(now))
        case .run(_, let peer, let finding):
            if record.judge(peer, finding, at: instant(now), wallTime: wallTime(now)) { publish(isFirstList: false, at: now) }
        }
        updateDeadline()
    }

    private mutating func add(_ backend: Int) {
        table.apply(SourceEntry(key: "web/\(addresses[backend])", content: .value(.default)))
    }

    private mutating func publish(isFirstList: Bool, at now: Microseconds) {
        let service = CombinedService("web", in: [table], by: .merge)
        _ = record.publish(
            .init(service: service, isFirstList: isFirstList, isStale: false, index: 1, now: instant(now), wallTime: wallTime(now))
        )
        updateDeadline()
    }

    private mutating func updateDeadline() {
        // Up to the next whole microsecond.
        let due = record.deadline.map { Int((start.duration(to: $0) / .microseconds(1)).rounded(.up)) }
        deadline = min(nextSecond, due ?? .max)
    }

    // MARK: - Clocks

    private func moment(_ time: Microseconds) -> Moment { Moment(milliseconds: Self.clockStart + UInt64(time / 1000)) }

    private func instant(_ time: Microseconds) -> ContinuousClock.Instant { start + .microseconds(time) }

    private func wallTime(_ time: Microseconds) -> Double { Double(time) / 1e6 }
}
