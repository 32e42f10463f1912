internal import Balancing
internal import Discovery

/// Why a session with Kubernetes failed, where the connection itself did its work.
///
/// The description is for operators: what was asked, where, and Kubernetes' words. It holds no credential.
struct KubernetesError: DelayingError, CustomStringConvertible {
    /// What a session makes of an error.
    enum Cause: Equatable {
        /// The same may succeed later, as it was asked for.
        case passing
        /// The same, but it may be what was asked for that the API server cannot do: when it comes again and again, it is taken for ``failed``.
        case internalError
        /// Who asks is not allowed to; nothing is wrong with what was asked for.
        case forbidden
        /// What was asked for is not to be had: the next session lists.
        case failed
        /// The version that was asked for is too old.
        case expired
        /// The store's history is not the known one.
        case otherHistory
        /// The API server does not know who asks.
        case unauthenticated
    }

    /// Method and path: `GET /api/v1/endpoints`.
    let operation: String
    /// `host:port`.
    let endpoint: String
    let message: String
    var cause = Cause.failed
    var delay = Duration.zero

    /// Up to 500 bytes: it may hold words from outside.
    var description: String { "\(operation) at \(endpoint): \(message)".cut(bytes: 500) }
}
