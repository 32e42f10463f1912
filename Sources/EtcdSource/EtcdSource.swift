package import Discovery
package import HTTPTransport
package import Logging

/// Peers from etcd, by one of its two APIs: ``GatewayAPI`` for version 3, ``KeysAPI`` for version 2.
///
/// A key is `<prefix><service>/<host>:<port>`, its value the peer's JSON. A session lists all keys when the API says that it must, and
/// then watches them.
///
/// A session stays with the endpoint that works. When that fails, it goes on at the next one at once; it has failed when every endpoint
/// has. One that is behind what is known, or has another history, is left as well; only when no endpoint continues the known history was
/// that broken, and the keys are listed as a new one: see ``SessionFailures``.
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
    private var log: SourceLog
    private let api: any EtcdAPI
    private var rotation: EndpointRotation
    private var failures: SessionFailures
    /// Whether the last watch was ended by us, to be begun again: contact counts as unbroken until that fails.
    private var isResuming = false
    /// Whether the next list is of another history than what was delivered, so that what it lacks need not be gone.
    private var isHistoryBroken = false
    /// Whether the last watch was ended by us because it is believed no further: to be begun again without a pause.
    private var isWatchSpent = false
    /// Whether the watch of the attempt under way has worked for a while.
    private var hasWatched = false

    /// Makes a source that has not asked anything yet.
    package init(configuration: Configuration, client: HTTPClient, logger: Logger) {
        self.configuration = configuration
        self.endpoints = configuration.endpoints.map { Endpoint($0) }
        self.log = SourceLog(logger: logger)
        self.failures = SessionFailures(endpointCount: configuration.endpoints.count)
        self.api =
            switch configuration.api {
            case .v3: GatewayAPI(configuration: configuration, client: client, logger: logger)
            case .v2: KeysAPI(configuration: configuration, client: client)
            }
        var generator = SystemRandomNumberGenerator()
        self.rotation = EndpointRotation(count: configuration.endpoints.count, using: &generator)
    }

    /// Lists if it must, then watches until the stream ends; at one endpoint after the other, until one works or each has failed.
    package func run(_ feed: SourceFeed) async throws {
        repeat {
            isWatchSpent = false
            try await runSession(feed)
        } while isWatchSpent
    }

    private func runSession(_ feed: SourceFeed) async throws {
        let knewHistory = await api.isKnowing
        failures.beginSession()
        rotation.beginSession()
        var next = rotation.next()
        while let index = next {
            feed.monitor.use(endpoint: endpoints[index].description)
            if !isResuming { feed.monitor.enter(.connecting) }
            isResuming = false
            hasWatched = false
            do {
                try await attempt(at: endpoints[index], feed)
                return failures.noteSuccess()
            } catch {
                if Task.isCancelled { throw error }
                if hasWatched {
                    rotation.noteSuccess()
                    failures.noteSuccess()
                }
                failures.add(error, at: index)
                next = rotation.next()
                if next != nil { leave(error, feed) }
            }
        }
        guard let other = failures.endSession() else { throw failures.error }
        await api.forget()
        isHistoryBroken = true
        rotation.choose(other.endpoint)
        // Failing if nothing was known, so that a store whose answers contradict each other is not listed over and over without a pause.
        guard knewHistory else { throw failures.error }
        log.warn("etcd's history was broken, listing again", source: feed.monitor.name, ["reason": "\(other.error)"])
    }

    /// Says that the session goes on at another endpoint. That one fails which did its work is news, that it fails again is not.
    private func leave(_ error: any Error, _ feed: SourceFeed) {
        feed.monitor.fault("\(error)")
        log.warn("an endpoint of etcd failed, going on at the next", source: feed.monitor.name, ["error": "\(error)"], isNews: hasWatched)
    }

    /// One endpoint's turn; a second time with a new login when it refused the one we had.
    private func attempt(at endpoint: Endpoint, _ feed: SourceFeed) async throws {
        do {
            try await follow(endpoint, feed)
        } catch let error as EtcdError where error.cause == .unauthenticated {
            guard await api.renewLogin() else { throw error }
            try await follow(endpoint, feed)
        }
    }

    private func follow(_ endpoint: Endpoint, _ feed: SourceFeed) async throws {
        let reason: String
        // Before the watch is opened: what is replaced meanwhile must not pass for what it began with.
        let certificates = configuration.tls.fileStamps
        switch try await open(at: endpoint, feed) {
        case .placeLost(let lost):
            reason = lost
        case .watch(let watch):
            guard let lost = try await follow(watch, certificates, endpoint, feed) else { return }
            guard !watch.followsList else { throw api.watchError("the history was lost, listing again: \(lost)", at: endpoint) }
            reason = lost
        }
        log.warn("etcd no longer has what changed, listing again", source: feed.monitor.name, ["reason": "\(reason)"])
    }

    private func open(at endpoint: Endpoint, _ feed: SourceFeed) async throws -> Opening {
        let lists = feed.monitor.status.lists
        defer { if feed.monitor.status.lists > lists { isHistoryBroken = false } }
        return try await api.open(at: endpoint, isHistoryBroken ? feed.afterBrokenHistory : feed)
    }

    /// Follows the changes until the stream ends.
    ///
    /// - Returns: why the keys must be listed again; `nil` when the watch may just be begun again.
    private func follow(
        _ watch: OpenWatch,
        _ certificates: [HTTPClient.TLSOptions.FileStamp?],
        _ endpoint: Endpoint,
        _ feed: SourceFeed
    ) async throws -> String? {
        var isWatching = watch.isStanding
        if isWatching { feed.monitor.enter(.watching) }
        var hasDelivered = false
        let began = ContinuousClock.now
        defer { hasWatched = isWatching && began.duration(to: .now) >= Self.shortestLife }
        var lastCheck = began
        do {
            var lines = LineSplitter(limit: configuration.answerLimit)
            for try await bytes in watch.body {
                if isWatching { feed.monitor.provedContact() }
                for line in try lines.append(bytes) {
                    switch try await api.receive(line, from: endpoint) {
                    case .watching:
                        isWatching = true
                        feed.monitor.enter(.watching)
                    case .changes(let entries, let revision):
                        hasDelivered = true
                        await feed.apply(entries, revision: revision)
                    case .removal(let directory, let revision):
                        hasDelivered = true
                        await feed.removeAll(below: directory, revision: revision)
                    case .none:
                        break
                    case .placeLost(let reason):
                        return reason
                    }
                    if await api.isWatchSpent {
                        isResuming = true
                        isWatchSpent = true
                        return nil
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
        } catch let error as LineSplitter.LineTooLong {
            // To resume would be to be sent the same again; a list comes in pages.
            return await api.losePlace(error.description)
        }
        guard isWatching else { throw api.watchError("the stream ended before etcd had created the watch", at: endpoint) }
        guard hasDelivered || began.duration(to: .now) >= Self.shortestLife else {
            throw api.watchError("the stream ended as soon as it had begun", at: endpoint)
        }
        return nil
    }
}
