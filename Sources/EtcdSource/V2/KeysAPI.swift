internal import Discovery
internal import FoundationEssentials
internal import HTTPTransport

/// etcd's API version 2, the keys API (etcd up to 3.5, with `--enable-v2`).
///
/// Every session begins with a list, since nothing here proves that the history is still the known one; only a watch that is begun again
/// because it was believed no further (see ``KeysSession``) goes on without. The list is linearizable, so that a member that is cut off is
/// left for want of an answer. A watch of such a member is just silent, until it is begun again.
actor KeysAPI: EtcdAPI {
    private let configuration: EtcdSource.Configuration
    private let client: HTTPClient
    private let keys: KeySpace
    private let path: String
    private var passwordFile: SecretFile?
    private var session: KeysSession
    private var reader = PeerValueReader()

    /// Makes the API of a source that has not asked anything yet.
    init(configuration: EtcdSource.Configuration, client: HTTPClient) {
        self.configuration = configuration
        self.client = client
        self.keys = KeySpace(pathPrefix: configuration.prefix)
        self.path = KeysClient.path(of: keys)
        self.passwordFile = configuration.credentials.map { SecretFile(path: $0.passwordFile, kind: "password") }
        self.session = KeysSession(keys: keys)
    }

    var isKnowing: Bool { session.isKnowing }

    var isWatchSpent: Bool { session.isWatchSpent }

    func forget() {
        session.forget()
    }

    func losePlace(_ reason: String) -> String {
        session.losePlace(reason)
    }

    /// The password is read for every session anyway.
    func renewLogin() -> Bool { false }

    nonisolated func watchError(_ message: String, at endpoint: Endpoint) -> EtcdError {
        client(at: endpoint).error(message)
    }

    func open(at endpoint: Endpoint, _ feed: SourceFeed) async throws -> Opening {
        let client = client(at: endpoint)
        let authorization = try authorization(for: client)
        let index = session.startWatch()
        // Only a list that comes out of turn has to wait; what is known stays meanwhile.
        if index == nil { try await Task.sleep(for: session.listPause(at: .now)) }
        // A watch that was ended by us still counts as watching.
        if feed.monitor.status.phase != .watching { feed.monitor.enter(.listing) }
        let body: HTTPClient.StreamingResponse.Body
        do {
            let watch = try await client.watch(from: index, authorization: authorization)
            try refusing(client) { () throws(Refusal) in try session.receive(watch: watch.head) }
            body = watch.body
        } catch let error as EtcdError where error.cause == .outOfRange && index != nil {
            return .placeLost(error.message)
        }
        if index == nil { try await list(client, authorization, feed) }
        return .watch(OpenWatch(body: body, followsList: index == nil, isStanding: true))
    }

    private func list(_ client: KeysClient, _ authorization: String?, _ feed: SourceFeed) async throws {
        let began = ContinuousClock.now
        let (root, head) = try await client.list(authorization: authorization)
        try refusing(client) { () throws(Refusal) in try session.receive(list: root, head, began: began, now: .now) }
        var table = SourceTable()
        if let root { keys.forEachEntry(from: root, reader: &reader) { table.apply($0) } }
        await feed.replace(with: table, revision: String(head.index))
    }

    func receive(_ line: [UInt8], from endpoint: Endpoint) throws -> WatchStep {
        let client = client(at: endpoint)
        let event = try client.event(from: line)
        let isNews = try refusing(client) { () throws(Refusal) in try session.receive(event, now: .now) }
        guard isNews else { return .none }
        let revision = String(event.index)
        switch keys.change(event, reader: &reader) {
        case .entry(let entry): return .changes([entry], revision: revision)
        case .removal(let directory): return .removal(below: directory, revision: revision)
        case nil: return .changes([], revision: revision)
        }
    }
}

extension KeysAPI {
    private nonisolated func client(at endpoint: Endpoint) -> KeysClient {
        KeysClient(endpoint: endpoint, configuration: configuration, client: client, path: path)
    }

    /// The login of a session: HTTP basic authentication.
    private func authorization(for client: KeysClient) throws -> String? {
        do {
            guard let username = configuration.credentials?.username, let password = try passwordFile?.read() else { return nil }
            return "Basic " + Data("\(username):\(password)".utf8).base64EncodedString()
        } catch {
            throw client.error(error.description)
        }
    }

    /// Says of a refused answer where it came from.
    private func refusing<Answer>(_ client: KeysClient, _ body: () throws(Refusal) -> Answer) throws(EtcdError) -> Answer {
        do throws(Refusal) {
            return try body()
        } catch {
            throw client.error(error)
        }
    }
}
