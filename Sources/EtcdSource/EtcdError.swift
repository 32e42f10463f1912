internal import Balancing

/// Why a session with etcd failed, where the connection itself did its work.
///
/// The description is for operators: what was asked, where, and etcd's words. It holds no key, value or credential.
struct EtcdError: Error, CustomStringConvertible {
    /// What a session makes of an error.
    enum Cause: Equatable {
        /// The endpoint did not do what was asked.
        case failed
        /// The store does not have the revision that was asked for: compacted, or not reached yet.
        case outOfRange
        /// etcd does not know who asks: the token is missing, has expired, or was forgotten in a restart.
        case unauthenticated
        /// The answer is too large to be read: less is to be asked for.
        case tooLarge
        /// The body of the answer does not come in time: less is to be asked for.
        case tooSlow
        /// The endpoint lags behind, or the store's history is not the known one any more.
        case otherHistory
    }

    /// Method and path: `POST /v3/watch`.
    let operation: String
    /// `host:port`.
    let endpoint: String
    /// What went wrong, shortened: it may hold words of the other side, of any length.
    let message: String
    let cause: Cause

    private static let messageLimit = 600
    private static let quoteLimit = 300

    init(operation: String, endpoint: String, message: String, cause: Cause = .failed) {
        self.operation = operation
        self.endpoint = endpoint
        self.message = message.cut(bytes: Self.messageLimit)
        self.cause = cause
    }

    var description: String { "\(operation) at \(endpoint): \(message)" }

    /// The beginning of etcd's own words, as a message shows them.
    static func quote(_ words: String) -> String { "etcd says: \(words.cut(bytes: quoteLimit))" }

    /// What to do when etcd asks who is there and no login is configured.
    static let adviceToLogIn = "; it wants a username and a password_file"
}

extension EtcdSource.Configuration {
    /// What an error says when etcd knows who asks, and refuses.
    var permissionDenied: String {
        let user = credentials.map { "username \($0.username)" } ?? "a client without a username"
        return "\(EtcdError.quote("permission denied")): \(user) may not read the prefix \(prefix)"
    }
}
