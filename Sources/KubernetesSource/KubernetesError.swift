internal import Discovery

/// Why a session with Kubernetes failed, where the connection itself did its work.
///
/// The description is for operators: what was asked, where, and Kubernetes' words. It holds no credential.
struct KubernetesError: DelayingError, CustomStringConvertible {
    /// What a session makes of an error.
    enum Cause: Equatable {
        /// The same may succeed later, as it was asked for.
        case passing
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

    var description: String { "\(operation) at \(endpoint): \(message)" }
}
