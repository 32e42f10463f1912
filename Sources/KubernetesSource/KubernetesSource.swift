package import Discovery
internal import FoundationEssentials
package import HTTPTransport
package import Logging

/// Peers from Kubernetes: the endpoints of its services, as EndpointSlices or Endpoints name them.
///
/// The first session lists all objects, page by page, and watches from the list's version on. Every later session begins the watch again
/// where the last one ended, without a list, unless the API server no longer has what came after, or the store's history is not the
/// known one: see ``Session``. What a list says is visible when it is complete, in one step. A further page that is refused for a while is
/// asked for again within the session; any other failure ends it.
///
/// A watch ends after a random time, or when it was silent for ``Configuration/idleTimeout``, and is begun again at once: the answer to that
/// proves contact, which a silent connection does not; it counts as watching until that answer does not come. The revision of a delivery
/// is the resource version up to which everything is known.
package actor KubernetesSource: Source {
    /// A place to go on from that is gone again so soon after a list is a failure: lists must not follow each other without a pause.
    private static let shortestPlace = Duration.seconds(60)
    /// What a watch is given to be ended by the API server, which has been told when.
    private static let lateness = Duration.seconds(30)
    /// How often a further page is asked for at most.
    private static let pageAttempts = 10
    /// A watch that ends sooner than this and has brought nothing has not worked: not to try again and again without a pause.
    private static let shortestLife = Duration.seconds(1)
    /// How often a watch that is never silent looks whether its access or its certificates were replaced.
    private static let accessCheckInterval = Duration.seconds(5)

    // Peers are made of a long list in one go.
    private let executor = ThreadExecutor(label: "kubernetes")
    private let configuration: Configuration
    private let client: HTTPClient
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let pause: @Sendable (Duration) async throws -> Void
    private var credentials = Credentials()
    private var session: Session
    private var table: EndpointTable
    /// How the cluster was reached last; `nil` before the first session.
    private var lastAccess: ClusterAccess?
    /// When the last list was complete.
    private var listed: ContinuousClock.Instant?
    /// Whether the last watch ended in good order: contact counts as unbroken until the next one fails.
    private var isResuming = false

    /// Makes a source that has not asked anything yet.
    ///
    /// - Parameters:
    ///   - now: the time; for tests.
    ///   - pause: waits before a page is asked for again; for tests.
    package init(
        configuration: Configuration,
        client: HTTPClient,
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
        self.now = now
        self.pause = pause
        self.session = Session(resource: configuration.resource, pageSize: configuration.pageSize)
        self.table = EndpointTable(mapping: Self.mapping(configuration))
    }

    /// Runs this actor on threads of its own.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Up to 30 s, as Kubernetes' own clients wait.
    package nonisolated var backoff: Backoff { Backoff(maximum: .seconds(30)) }

    /// Lists if it must, then watches until the stream ends.
    package func run(_ feed: SourceFeed) async throws {
        let isUnbroken = isResuming
        isResuming = false
        let access = try access()
        feed.monitor.use(endpoint: access.endpoint)
        if !isUnbroken { feed.monitor.enter(.connecting) }
        if let lastAccess, !lastAccess.reachesSame(as: access) { forget() }
        lastAccess = access
        credentials.use(access.token)
        do {
            try await follow(access, feed)
        } catch let error as KubernetesError where error.cause == .unauthenticated {
            // The token may have been replaced between its reading and its use.
            guard credentials.renew() else { throw error }
            try await follow(access, feed)
        } catch let error as KubernetesError where error.cause == .failed {
            // Not to ask for the same again and again.
            session.losePlace()
            throw error
        } catch let error as KubernetesError where error.cause == .internalError {
            session.noteInternalError()
            throw error
        }
    }

    /// Forgets everything: it is of another cluster, or of other namespaces.
    private func forget() {
        session.forget()
        table = EndpointTable(mapping: Self.mapping(configuration))
    }

    private func access() throws(ClusterAccess.Unusable) -> ClusterAccess {
        try configuration.access(environment: ProcessInfo.processInfo.environment, serviceAccount: ServiceAccount())
    }

    private static func mapping(_ configuration: Configuration) -> PeerMapping {
        PeerMapping(resource: configuration.resource, peers: configuration.peers, namesNamespace: configuration.namespace == "*")
    }

    private func apiServer(_ access: ClusterAccess) throws -> APIServer {
        APIServer(access: access, configuration: configuration, client: client, token: try credentials.token())
    }

    private func follow(_ access: ClusterAccess, _ feed: SourceFeed) async throws {
        if try await !proveHistory(access, feed) { try await list(access, feed) }
        guard let request = session.startWatch() else { return }
        let server = try apiServer(access)
        let lost: String?
        do {
            lost = try await follow(try await server.watch(request), access, server, feed)
        } catch let error as KubernetesError where error.cause == .expired {
            lost = session.losePlace(error.message)
        }
        guard let lost else { return }
        let error = server.error("the history was lost, listing again: \(lost)")
        if let listed, listed.duration(to: now()) < Self.shortestPlace { throw error }
        logger.warning("Kubernetes no longer has what changed, listing again", metadata: ["source": "\(feed.monitor.name)", "reason": "\(error)"])
    }
}

// MARK: - List

extension KubernetesSource {
    /// Has the store prove that its history is the known one.
    ///
    /// - Returns: whether it is; else a list comes next.
    private func proveHistory(_ access: ClusterAccess, _ feed: SourceFeed) async throws -> Bool {
        var next = session.startProof()
        while let request = next {
            let server = try apiServer(access)
            do {
                let answer = try await server.list(request)
                switch try session.receive(proof: answer, to: request) {
                case .proved: return true
                case .undecided(let further): next = further
                }
            } catch let error as Refusal {
                guard error.showsOtherHistory else { throw server.error(error) }
                logger.warning(
                    "the history of Kubernetes was broken, listing again",
                    metadata: ["source": "\(feed.monitor.name)", "reason": "\(server.error(error))"]
                )
                return false
            } catch let error as KubernetesError where error.cause == .expired {
                next = session.goOnWithoutVersion(after: request)
            }
        }
        return false
    }

    private func list(_ access: ClusterAccess, _ feed: SourceFeed) async throws {
        feed.monitor.enter(.listing)
        do {
            try await listPages(access, feed)
        } catch let error as KubernetesError where error.cause == .expired {
            // It took so long that the store has dropped the version of its first page. A second time would be no better.
            logger.warning("a list was not complete in time, listing again", metadata: ["source": "\(feed.monitor.name)", "reason": "\(error)"])
            try await listPages(access, feed)
        } catch let error as HTTPTransportError where error.code == .bodyTooLarge {
            // What does not fit into one answer fits into several.
            guard session.shrinkPages() else { throw error }
            try await list(access, feed)
        }
    }

    private func listPages(_ access: ClusterAccess, _ feed: SourceFeed) async throws {
        var list = EndpointTable(replacing: table)
        var next: ListRequest? = session.startList()
        while let request = next {
            let page = try await readPage(request, access, feed)
            do throws(Refusal) {
                next = try session.receive(page, to: request)
            } catch {
                throw try apiServer(access).error(error)
            }
            for item in page.items ?? [] { list.add(item, after: table) }
        }
        guard let version = session.version else { return }
        await (session.isHistoryBroken ? feed.afterBrokenHistory : feed).replace(with: list.sourceTable(), revision: version.description)
        table = list
        listed = now()
        session.finishList()
    }

    /// Reads one page. When a further one is refused for a while, it alone is asked for again: those before it are not lost.
    private func readPage(_ request: ListRequest, _ access: ClusterAccess, _ feed: SourceFeed) async throws -> ObjectList {
        var backoff = backoff
        var generator = SystemRandomNumberGenerator()
        var attempts = 0
        while true {
            attempts += 1
            do {
                return try await apiServer(access).list(request)
            } catch let error as KubernetesError where error.cause == .passing || error.cause == .internalError {
                guard request.continueToken != nil, attempts < Self.pageAttempts else { throw error }
                feed.monitor.fault("\(error)")
                try await pause(error.delay + backoff.next(using: &generator))
                feed.monitor.enter(.listing)
            }
        }
    }
}

// MARK: - Watch

extension KubernetesSource {
    /// Follows the changes until the stream ends.
    ///
    /// - Returns: why the objects must be listed again; `nil` when the watch may just be begun again.
    private func follow(
        _ watch: APIServer.Watch,
        _ access: ClusterAccess,
        _ server: APIServer,
        _ feed: SourceFeed
    ) async throws -> String? {
        let began = now()
        feed.monitor.enter(.watching)
        var lastCheck = began
        var hasDelivered = false
        do {
            var lines = LineSplitter(limit: configuration.answerLimit)
            for try await bytes in watch.body {
                for line in try lines.append(bytes) {
                    switch try await receive(line, server, feed) {
                    case .goesOn(let changed): hasDelivered = hasDelivered || changed
                    case .placeLost(let reason): return reason
                    }
                }
                // Something in between may send blank lines for ever.
                if began.duration(to: now()) >= watch.lifetime + Self.lateness { break }
                guard lastCheck.duration(to: now()) >= Self.accessCheckInterval else { continue }
                lastCheck = now()
                // A silent watch is begun again anyway, with the access and the certificates of that moment.
                let hasMoved = (try? self.access()).map { $0 != access } ?? false
                if hasMoved || access.tls.fileStamps != watch.certificates {
                    endInGoodOrder()
                    return nil
                }
            }
        } catch let error as HTTPTransportError where error.code == .idle {
            endInGoodOrder()
            return nil
        } catch let error as LineSplitter.LineTooLong {
            // To begin again would be to be sent the same; a list comes in pages.
            return session.losePlace(error.description)
        }
        guard hasDelivered || began.duration(to: now()) >= Self.shortestLife else {
            throw server.error("the watch ended as soon as it had begun", .passing)
        }
        endInGoodOrder()
        return nil
    }

    private func endInGoodOrder() {
        session.noteSuccess()
        isResuming = true
    }

    private enum Reception {
        /// Whether with a change that was not known.
        case goesOn(Bool)
        case placeLost(String)
    }

    private func receive(_ line: [UInt8], _ server: APIServer, _ feed: SourceFeed) async throws -> Reception {
        let event = try server.event(from: line)
        feed.monitor.provedContact()
        let known = session.version
        let step: Session.Step
        do throws(Refusal) {
            step = try session.receive(event)
        } catch {
            throw server.error(error)
        }
        let isNews = session.version != known
        let entries: [SourceEntry]
        switch step {
        case .written(let object): entries = table.write(object)
        case .deleted(let object): entries = table.delete(object)
        case .progress: entries = []
        case .placeLost(let reason): return .placeLost(reason)
        case .failed(let status): throw server.error(status)
        }
        await feed.apply(entries, revision: session.version?.description ?? "")
        return .goesOn(isNews && step != .progress)
    }
}
