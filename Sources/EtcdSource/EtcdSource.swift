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
/// A session stays with the endpoint that works. When that fails, it goes on at the next one at once; it has failed when every endpoint
/// has. All reads are linearizable and no watch outlives its member's leader, so that a member that is cut off is left, not believed. One
/// that is behind what is known, or has another history, is left as well; only when no endpoint continues the known history was that
/// broken, and the keys are listed as a new one.
///
/// A watch that was silent for ``Configuration/idleTimeout`` is ended and begun again at once: etcd's answer to that proves contact,
/// which a silent connection does not; it counts as watching until that answer does not come. The revision of a delivery is the
/// revision of the store up to which everything is known.
package actor EtcdSource: Source {
    /// A watch that ends sooner than this has not worked: not to try again and again without a pause.
    private static let shortestLife = Duration.seconds(1)
    /// How often a watch that is never silent looks whether its certificates were replaced.
    private static let certificateCheckInterval = Duration.seconds(5)

    private let configuration: Configuration
    private let endpoints: [Endpoint]
    private let client: HTTPClient
    private let authentication: Authentication?
    private let logger: Logger
    private let keys: KeySpace
    private var rotation: EndpointRotation
    private var session: Session
    private var reader = PeerValueReader()
    /// Whether the last watch was ended by us, to be begun again: contact counts as unbroken until that fails.
    private var isResuming = false
    /// Whether the next list is of another history than what was delivered, so that what it lacks need not be gone.
    private var listFollowsBrokenHistory = false
    /// Whether the watch of the attempt under way has worked for a while.
    private var hasWatched = false

    /// Makes a source that has not asked anything yet.
    package init(configuration: Configuration, client: HTTPClient, logger: Logger) {
        self.configuration = configuration
        self.endpoints = configuration.endpoints.map { Endpoint($0) }
        self.client = client
        self.logger = logger
        self.authentication = configuration.credentials.map {
            Authentication(username: $0.username, passwordFile: $0.passwordFile, logger: logger)
        }
        self.keys = KeySpace(prefix: configuration.prefix)
        var generator = SystemRandomNumberGenerator()
        self.rotation = EndpointRotation(count: configuration.endpoints.count, using: &generator)
        self.session = Session(keys: keys, pageSize: Int64(max(1, configuration.pageSize)))
    }

    /// Lists if it must, then watches until the stream ends; at one endpoint after the other, until one works or each has failed.
    package func run(_ feed: SourceFeed) async throws {
        var failures: [any Error] = []
        var otherHistory: (endpoint: Int, error: EtcdError)?
        let knewHistory = session.isKnowing
        rotation.beginSession()
        var next = rotation.next()
        while let index = next {
            feed.monitor.use(endpoint: endpoints[index].description)
            if !isResuming { feed.monitor.enter(.connecting) }
            isResuming = false
            hasWatched = false
            do {
                return try await attempt(at: gateway(at: index), feed)
            } catch {
                if Task.isCancelled { throw error }
                if hasWatched {
                    rotation.noteSuccess()
                    failures = []
                    otherHistory = nil
                }
                failures.append(error)
                if let error = error as? EtcdError, error.cause == .otherHistory, otherHistory == nil { otherHistory = (index, error) }
                next = rotation.next()
                if next != nil { leave(error, feed) }
            }
        }
        guard let otherHistory else { throw Failures(failures) }
        session.forget()
        listFollowsBrokenHistory = true
        rotation.choose(otherHistory.endpoint)
        // Failing if nothing was known, so that a store whose answers contradict each other is not listed over and over without a pause.
        guard knewHistory else { throw Failures(failures) }
        logger.warning(
            "etcd's history was broken, listing again",
            metadata: ["source": "\(feed.monitor.name)", "reason": "\(otherHistory.error)"]
        )
    }

    /// What went wrong in a session: at each endpoint something.
    private struct Failures: Error, CustomStringConvertible {
        let description: String

        init(_ failures: [any Error]) {
            let reasons = failures.isEmpty ? "no endpoint is configured" : failures.map { "\($0)" }.joined(separator: "; ")
            description = failures.count > 1 ? "none of \(failures.count) endpoints works: \(reasons)" : reasons
        }
    }

    /// Says that the session goes on at another endpoint. That one fails which did its work is news, that it fails again is not.
    private func leave(_ error: any Error, _ feed: SourceFeed) {
        feed.monitor.fault("\(error)")
        logger.log(
            level: hasWatched ? .warning : .debug,
            "an endpoint of etcd failed, going on at the next",
            metadata: ["source": "\(feed.monitor.name)", "error": "\(error)"]
        )
    }

    private func gateway(at index: Int) -> Gateway {
        Gateway(endpoint: endpoints[index], configuration: configuration, client: client, authentication: authentication)
    }

    /// One endpoint's turn; a second time with a new token when it refused the one we had.
    private func attempt(at gateway: Gateway, _ feed: SourceFeed) async throws {
        do {
            try await follow(gateway, feed)
        } catch let error as EtcdError where error.cause == .unauthenticated {
            guard let authentication else { throw error }
            await authentication.discard()
            try await follow(gateway, feed)
        }
    }

    private func follow(_ gateway: Gateway, _ feed: SourceFeed) async throws {
        guard let proof = session.startProof() else {
            try await list(gateway, feed)
            guard let reason = try await watch(gateway, feed) else { return }
            throw gateway.error(.watch, "the history was lost, listing again: \(reason)")
        }
        var reason = try await prove(proof, gateway, feed)
        if reason == nil { reason = try await watch(gateway, feed) }
        if let reason {
            logger.warning("etcd no longer has what changed, listing again", metadata: ["source": "\(feed.monitor.name)", "reason": "\(reason)"])
        }
    }

    /// Has the store prove that its history is the known one.
    ///
    /// - Returns: why it must be listed all the same; `nil` when the watch may be resumed.
    private func prove(_ request: RangeRequest, _ gateway: Gateway, _ feed: SourceFeed) async throws -> String? {
        do {
            let answer = try await gateway.range(request)
            try refusing(gateway, .range) { () throws(Session.Refusal) in try session.receive(proof: answer) }
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
        let reason = try refusing(gateway, .range) { () throws(Session.Refusal) in
            try session.receive(changes: changes, witness: witness)
        }
        if reason == nil, let resumeRevision = session.resumeRevision { await feed.apply([], revision: String(resumeRevision - 1)) }
        return reason
    }

    /// Says of a refused answer where it came from.
    private func refusing<Answer>(
        _ gateway: Gateway,
        _ operation: Gateway.Operation,
        _ body: () throws(Session.Refusal) -> Answer
    ) throws(EtcdError) -> Answer {
        do throws(Session.Refusal) {
            return try body()
        } catch {
            throw gateway.error(operation, error)
        }
    }
}

// MARK: - List

extension EtcdSource {
    private func list(_ gateway: Gateway, _ feed: SourceFeed) async throws {
        feed.monitor.enter(.listing)
        do {
            try await listPages(gateway, feed)
        } catch let error as HTTPTransportError where error.code == .bodyTooLarge {
            // Values may be large: what does not fit into one answer fits into several.
            guard session.shrinkPages() else { throw error }
            try await list(gateway, feed)
        }
    }

    private func listPages(_ gateway: Gateway, _ feed: SourceFeed) async throws {
        var table = SourceTable()
        var next: RangeRequest? = session.startList()
        while let request = next {
            let page = try await gateway.range(request)
            next = try refusing(gateway, .range) { () throws(Session.Refusal) in try session.receive(page) }
            for keyValue in page.keyValues { table.apply(keys.entry(keyValue, reader: &reader)) }
        }
        guard let resumeRevision = session.resumeRevision else { return }
        await feed.replace(with: table, revision: String(resumeRevision - 1), followsBrokenHistory: listFollowsBrokenHistory)
        listFollowsBrokenHistory = false
    }
}

// MARK: - Watch

extension EtcdSource {
    /// Follows the changes until the stream ends.
    ///
    /// - Returns: why the keys must be listed again; `nil` when the watch may just be resumed.
    private func watch(_ gateway: Gateway, _ feed: SourceFeed) async throws -> String? {
        guard let request = session.startWatch() else { return nil }
        var isWatching = false
        var hasDelivered = false
        let began = ContinuousClock.now
        defer { hasWatched = isWatching && began.duration(to: .now) >= Self.shortestLife }
        let certificates = configuration.tls.fileStamps
        var lastCheck = began
        do {
            var lines = LineSplitter(limit: configuration.answerLimit)
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
                    case .placeLost(let reason):
                        return reason
                    }
                }
                guard isWatching, lastCheck.duration(to: .now) >= Self.certificateCheckInterval else { continue }
                lastCheck = .now
                // A silent watch is begun again anyway, with the certificates of that moment.
                if configuration.tls.fileStamps != certificates {
                    isResuming = true
                    return nil
                }
            }
        } catch let error as HTTPTransportError where error.code == .idle && isWatching {
            isResuming = true
            return nil
        } catch let error as Session.Refusal {
            throw gateway.error(.watch, error)
        } catch let error as LineSplitter.LineTooLong {
            // To resume would be to be sent the same again; a list comes in pages.
            return session.losePlace(error.description)
        }
        guard isWatching else { throw gateway.error(.watch, "the stream ended before etcd had created the watch") }
        guard hasDelivered || began.duration(to: .now) >= Self.shortestLife else {
            throw gateway.error(.watch, "the stream ended as soon as it had begun")
        }
        return nil
    }
}
