internal import Discovery
internal import HTTPTransport
internal import Logging

/// etcd's API version 3 over its JSON gateway (etcd 3.4 to 3.6).
///
/// The first session lists all keys, page by page at one revision, and watches from the next one on. Every later session resumes the
/// watch where the last one ended, without a list, unless the store has lost that history: was wiped or restored, another cluster
/// answers, or it was compacted and the keys are not those that are known.
///
/// All reads are linearizable and no watch outlives its member's leader, so that a member that is cut off is left, not believed.
actor GatewayAPI: EtcdAPI {
    private let configuration: EtcdSource.Configuration
    private let client: HTTPClient
    private let authentication: Authentication?
    private let keys: KeySpace
    private var session: Session
    private var reader = PeerValueReader()

    /// Makes the API of a source that has not asked anything yet.
    init(configuration: EtcdSource.Configuration, client: HTTPClient, logger: Logger) {
        self.configuration = configuration
        self.client = client
        self.authentication = configuration.credentials.map { Authentication($0, logger: logger) }
        self.keys = KeySpace(prefix: configuration.prefix)
        self.session = Session(keys: keys, pageSize: Int64(max(1, configuration.pageSize)))
    }

    var isKnowing: Bool { session.isKnowing }

    /// A watch of the gateway either brings everything or says that it ends.
    var isWatchSpent: Bool { false }

    func forget() {
        session.forget()
    }

    func losePlace(_ reason: String) -> String {
        session.losePlace(reason)
    }

    func renewLogin() async -> Bool {
        guard let authentication else { return false }
        await authentication.discard()
        return true
    }

    nonisolated func watchError(_ message: String, at endpoint: Endpoint) -> EtcdError {
        gateway(at: endpoint).error(.watch, message)
    }

    private nonisolated func gateway(at endpoint: Endpoint) -> Gateway {
        Gateway(endpoint: endpoint, configuration: configuration, client: client, authentication: authentication)
    }

    /// Says of a refused answer where it came from.
    private func refusing<Answer>(
        _ gateway: Gateway,
        _ operation: Gateway.Operation,
        _ body: () throws(Refusal) -> Answer
    ) throws(EtcdError) -> Answer {
        do throws(Refusal) {
            return try body()
        } catch {
            throw gateway.error(operation, error)
        }
    }
}

// MARK: - Watch

extension GatewayAPI {
    func open(at endpoint: Endpoint, _ feed: SourceFeed) async throws -> Opening {
        let gateway = gateway(at: endpoint)
        let proof = session.startProof()
        if let proof {
            if let reason = try await prove(proof, gateway, feed) { return .placeLost(reason) }
        } else {
            try await list(gateway, feed)
        }
        guard let request = session.startWatch() else { return .placeLost("nothing is known to go on from") }
        return .watch(OpenWatch(body: try await gateway.watch(request), followsList: proof == nil, isStanding: false))
    }

    func receive(_ line: [UInt8], from endpoint: Endpoint) throws -> WatchStep {
        let gateway = gateway(at: endpoint)
        let response = try gateway.watchResponse(from: line)
        let step = try refusing(gateway, .watch) { () throws(Refusal) in try session.receive(response) }
        switch step {
        case .watching:
            return .watching
        case .changes(let events, let revision):
            return .changes(events.map { keys.entry($0, reader: &reader) }, revision: String(revision))
        case .progress(let revision):
            return .changes([], revision: String(revision))
        case .none:
            return .none
        case .placeLost(let reason):
            return .placeLost(reason)
        }
    }
}

// MARK: - Proof

extension GatewayAPI {
    /// Has the store prove that its history is the known one.
    ///
    /// - Returns: why it must be listed all the same; `nil` when the watch may be resumed.
    private func prove(
        _ requests: (witness: RangeRequest, count: RangeRequest),
        _ gateway: Gateway,
        _ feed: SourceFeed
    ) async throws -> String? {
        do {
            let witness = try await gateway.range(requests.witness)
            let count = try await gateway.range(requests.count)
            try refusing(gateway, .range) { () throws(Refusal) in try session.receive(proof: witness, count: count) }
            feed.monitor.provedContact()
            return nil
        } catch let error as EtcdError where error.cause == .outOfRange {
            return try await compare(gateway, feed)
        }
    }

    /// Has a store that no longer has the known revision prove that it still holds just what is known.
    ///
    /// - Returns: why it must be listed; `nil` when the watch may be resumed.
    private func compare(_ gateway: Gateway, _ feed: SourceFeed) async throws -> String? {
        guard let requests = session.startComparison() else { return nil }
        let changes = try await gateway.range(requests.changes)
        // Second: what is there as it was written is there at every revision between.
        let witness = try await gateway.range(requests.witness)
        let reason = try refusing(gateway, .range) { () throws(Refusal) in
            try session.receive(changes: changes, witness: witness)
        }
        feed.monitor.provedContact()
        if reason == nil, let resumeRevision = session.resumeRevision { await feed.apply([], revision: String(resumeRevision - 1)) }
        return reason
    }
}

// MARK: - List

extension GatewayAPI {
    private func list(_ gateway: Gateway, _ feed: SourceFeed) async throws {
        // A watch that was ended by us still counts as watching.
        if feed.monitor.status.phase != .watching { feed.monitor.enter(.listing) }
        do {
            try await listPages(gateway, feed)
        } catch let error as EtcdError where error.cause == .tooLarge {
            // Values may be large: what does not fit into one answer fits into several.
            guard session.shrinkPages() else { throw error }
            try await list(gateway, feed)
        } catch let error as EtcdError where error.cause == .tooSlow {
            // The same, but not here and now: the endpoint may hang.
            _ = session.shrinkPages()
            throw error
        }
    }

    private func listPages(_ gateway: Gateway, _ feed: SourceFeed) async throws {
        var table = SourceTable()
        var next: RangeRequest? = session.startList()
        while let request = next {
            let page = try await gateway.range(request)
            next = try refusing(gateway, .range) { () throws(Refusal) in try session.receive(page) }
            feed.monitor.provedContact()
            for keyValue in page.keyValues { table.apply(keys.entry(keyValue, reader: &reader)) }
        }
        guard let resumeRevision = session.resumeRevision else { return }
        await feed.replace(with: table, revision: String(resumeRevision - 1))
    }
}
