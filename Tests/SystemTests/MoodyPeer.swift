import Synchronization
import TestSupport

/// A small HTTP server on loopback whose mood a test changes: what its active checks find.
final class MoodyPeer: Sendable {
    /// How it takes a request.
    enum Mood: Sendable {
        /// Answers 200.
        case well
        /// Answers 500.
        case failing
        /// Takes the connection and answers nothing.
        case hanging
        /// Listens no more, so that connections are refused.
        case refusing
        /// Is well (true) and failing (false) in this order, over and over, a request at a time.
        case changing([Bool])
    }

    private final class State: Sendable {
        private let mood = Mutex((mood: Mood.well, requests: 0))

        var requests: Int { mood.withLock { $0.requests } }

        func set(_ mood: Mood) { self.mood.withLock { $0 = (mood, 0) } }

        /// What the next request is answered with; `nil`: nothing.
        func nextStatus() -> Int? {
            mood.withLock { state in
                defer { state.requests += 1 }
                switch state.mood {
                case .well: return 200
                case .failing: return 500
                case .hanging, .refusing: return nil
                case .changing(let order): return order[state.requests % order.count] ? 200 : 500
                }
            }
        }
    }

    private let port: ReservedPort
    private let state = State()
    private let server = Mutex<ScriptedHTTPServer?>(nil)

    /// Starts a peer on a free port.
    init(_ mood: Mood = .well) throws {
        port = try ReservedPort()
        try set(mood)
    }

    /// `127.0.0.1:port`.
    var address: String { "127.0.0.1:\(port.number)" }

    /// How many requests it has taken in its mood.
    var requestCount: Int { state.requests }

    /// Changes the mood, for requests that come from now on.
    func set(_ mood: Mood) throws {
        state.set(mood)
        try server.withLock { server in
            if case .refusing = mood {
                server?.stop()
                server = nil
            } else if server == nil {
                server = try ScriptedHTTPServer(port: port.number) { [state] connection in
                    _ = try connection.receiveRequest()
                    if let status = state.nextStatus() {
                        try connection.respond(status: status)
                    } else {
                        try connection.waitForClose()
                    }
                }
            }
        }
    }
}
