package import Discovery
package import HTTPTransport
package import Logging

/// Peers from etcd: API version 3 over its JSON gateway (etcd 3.4 to 3.6).
///
/// A key is `<prefix><service>/<host>:<port>`, its value the peer's JSON. The first session lists all keys, page by page at one
/// revision, and watches from the next one on. Every later session resumes the watch where the last one ended, without a list,
/// unless the store has lost that history: was wiped or restored, another cluster answers, or it was compacted and the keys are not
/// those that are known.
///
/// A watch that was silent for ``Configuration/idleTimeout`` is ended and begun again at once: etcd's answer to that proves contact,
/// which a silent connection does not; it counts as watching until that answer does not come. The revision of a delivery is the
/// revision of the store up to which everything is known.
package actor EtcdSource: Source {
    /// A watch that ends by itself sooner than this, having brought nothing, has failed: not to try again and again without a pause.
    private static let shortestLife = Duration.seconds(1)

    private let configuration: Configuration
    private let client: HTTPClient
    private let logger: Logger
    private let keys: KeySpace
    private var session: Session
    private var reader = PeerValueReader()
    /// Whether the last session ended only because its watch was silent.
    private var wasSilent = false

    /// Makes a source that has not asked anything yet.
    package init(configuration: Configuration, client: HTTPClient, logger: Logger) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
        self.keys = KeySpace(prefix: configuration.prefix)
        self.session = Session(keys: keys, pageSize: Int64(max(1, configuration.pageSize)))
    }

    /// Lists if it must, then watches until the stream ends.
    package func run(_ feed: SourceFeed) async throws {
        guard let endpoint = configuration.endpoints.first else {
            throw EtcdError(operation: "connect", endpoint: "etcd", message: "no endpoint is configured")
        }
        let gateway = Gateway(endpoint: endpoint, configuration: configuration, client: client)
        if !wasSilent { feed.monitor.enter(.connecting) }
        wasSilent = false
        if let proof = session.startProof() {
            var loss = try await prove(proof, gateway, feed)
            if loss == nil { loss = try await watch(gateway, feed) }
            if let loss {
                logger.warning("etcd's history was lost, listing again", metadata: ["source": "\(feed.monitor.name)", "reason": "\(loss)"])
            }
        } else {
            try await list(gateway, feed)
            guard let loss = try await watch(gateway, feed) else { return }
            // Failing, so that a store whose answers contradict each other is not listed over and over without a pause.
            throw gateway.error(.watch, "the history was lost, listing again: \(loss)")
        }
    }

    /// Has the store prove that its history is the known one.
    ///
    /// - Returns: why it is not; `nil` when it is.
    private func prove(_ request: RangeRequest, _ gateway: Gateway, _ feed: SourceFeed) async throws -> String? {
        let answer: RangeResponse
        do {
            answer = try await gateway.range(request)
        } catch let error as EtcdError where error.isOutOfRange {
            return try await compare(gateway, feed)
        }
        do throws(Session.Refusal) {
            return try session.receive(proof: answer)
        } catch {
            throw gateway.error(.range, error.description)
        }
    }

    /// Has a store that no longer has the known revision prove that it still holds just what is known.
    ///
    /// - Returns: why it does not; `nil` when it does.
    private func compare(_ gateway: Gateway, _ feed: SourceFeed) async throws -> String? {
        guard let requests = session.startComparison() else { return nil }
        let changes = try await gateway.range(requests.changes)
        // Second: what is there as it was written is there at every revision between.
        let witness = try await gateway.range(requests.witness)
        do throws(Session.Refusal) {
            if let loss = try session.receive(changes: changes, witness: witness) { return loss }
        } catch {
            throw gateway.error(.range, error.description)
        }
        if let resumeRevision = session.resumeRevision { await feed.apply([], revision: String(resumeRevision - 1)) }
        return nil
    }
}

// MARK: - List

extension EtcdSource {
    private func list(_ gateway: Gateway, _ feed: SourceFeed) async throws {
        feed.monitor.enter(.listing)
        var table = SourceTable()
        var next: RangeRequest? = session.startList()
        while let request = next {
            let page = try await gateway.range(request)
            do throws(Session.Refusal) {
                next = try session.receive(page)
            } catch {
                throw gateway.error(.range, error.description)
            }
            for keyValue in page.keyValues { table.apply(keys.entry(keyValue, reader: &reader)) }
        }
        guard let resumeRevision = session.resumeRevision else { return }
        await feed.replace(with: table, revision: String(resumeRevision - 1))
    }
}

// MARK: - Watch

extension EtcdSource {
    /// Follows the changes until the stream ends.
    ///
    /// - Returns: why the history was lost; `nil` when the watch may just be resumed.
    private func watch(_ gateway: Gateway, _ feed: SourceFeed) async throws -> String? {
        guard let request = session.startWatch() else { return nil }
        var isWatching = false
        var hasDelivered = false
        let began = ContinuousClock.now
        do {
            var lines = LineSplitter()
            for try await bytes in try await gateway.watch(request) {
                if isWatching { feed.monitor.provedContact() }
                for line in try lines.append(bytes) {
                    switch try session.receive(try gateway.watchResponse(from: line)) {
                    case .watching:
                        isWatching = true
                        feed.monitor.enter(.watching)
                    case .changes(let events, let revision):
                        hasDelivered = true
                        await feed.apply(events.map { keys.entry($0, reader: &reader) }, revision: String(revision))
                    case .progress(let revision):
                        hasDelivered = true
                        await feed.apply([], revision: String(revision))
                    case .none:
                        break
                    case .historyLost(let reason):
                        return reason
                    }
                }
            }
        } catch let error as HTTPTransportError where error.code == .idle && isWatching {
            wasSilent = true
            return nil
        } catch let error as Session.Refusal {
            throw gateway.error(.watch, error.description)
        } catch let error as LineSplitter.LineTooLong {
            throw gateway.error(.watch, error.description)
        }
        guard isWatching else { throw gateway.error(.watch, "the stream ended before etcd had created the watch") }
        guard hasDelivered || began.duration(to: .now) >= Self.shortestLife else {
            throw gateway.error(.watch, "the stream ended as soon as it had begun")
        }
        return nil
    }
}
