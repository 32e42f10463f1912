internal import Discovery
internal import HTTPTransport

/// One of etcd's two APIs, as one source uses it: what is asked of an endpoint, and what its answers mean.
///
/// What does not depend on the API is the source's own: which endpoint is asked, and what becomes of a watch that has begun.
protocol EtcdAPI: Actor {
    /// Whether a store with a history is known.
    var isKnowing: Bool { get }

    /// Forgets the store: its history was broken, and what is there is a new beginning.
    func forget()

    /// Opens a watch that goes on where what is known ends; delivers a complete state first when nothing is known to go on from.
    ///
    /// Throws what the endpoint failed with. An ``EtcdError`` says by its cause whether another one, another login or another history
    /// is needed.
    func open(at endpoint: Endpoint, _ feed: SourceFeed) async throws -> Opening

    /// Takes a line of the watch; look at ``isWatchSpent`` afterwards.
    func receive(_ line: [UInt8], from endpoint: Endpoint) throws -> WatchStep

    /// Whether the watch is believed no further: it is to be begun again, which is no failure.
    var isWatchSpent: Bool { get }

    /// Has the next session list: the place to go on is gone, the store and its history are the same.
    ///
    /// - Returns: `reason`.
    func losePlace(_ reason: String) -> String

    /// Has the next request log in anew, after one was refused.
    ///
    /// - Returns: whether that may help at once.
    func renewLogin() async -> Bool

    /// The error that a watch at this endpoint ended with.
    nonisolated func watchError(_ message: String, at endpoint: Endpoint) -> EtcdError
}

/// What came of the attempt to open a watch.
enum Opening {
    /// The watch was asked for.
    case watch(OpenWatch)
    /// The store is the known one, but no longer has what changed since: why. The next session begins with a list.
    case placeLost(String)
}

/// A watch that etcd has been asked for.
struct OpenWatch {
    /// The bytes of its answers, each of which is a line.
    let body: HTTPClient.StreamingResponse.Body
    /// Whether what it goes on from was listed just before.
    let followsList: Bool
    /// Whether etcd has said that the watch stands; else one of its lines says so: ``WatchStep/watching``.
    let isStanding: Bool
}

/// What a line of a watch means.
enum WatchStep {
    /// The watch stands: from now on silence means that nothing has changed.
    case watching
    /// Changes, in their order; everything up to this revision is known with them. None: nothing has changed up to there.
    case changes([SourceEntry], revision: String)
    /// A directory is gone with every key below it, which has this path behind the prefix; everything up to this revision is known with
    /// that.
    case removal(below: String, revision: String)
    /// Nothing to do.
    case none
    /// Where the watch should have gone on is gone from the store, which is the same: why. The next session begins with a list.
    case placeLost(String)
}
