/// Why a session with etcd failed, where the connection itself did its work.
///
/// The description is for operators: what was asked, where, and etcd's words. It holds no key, value or credential.
struct EtcdError: Error, CustomStringConvertible {
    /// Method and path: `POST /v3/watch`.
    let operation: String
    /// `host:port`.
    let endpoint: String
    let message: String
    /// Whether the store does not have the revision that was asked for: compacted, or not reached yet.
    var isOutOfRange = false

    var description: String { "\(operation) at \(endpoint): \(message)" }
}
