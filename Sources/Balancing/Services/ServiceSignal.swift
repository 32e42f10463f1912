/// What a service tells the control plane from the threads that record outcomes: rare, at most once until it is dealt with.
package enum ServiceSignal: Sendable {
    /// Outcomes have come after a quiet time: the service is to be swept from now on.
    case outcomesBegan(service: String)
    /// A peer has failed too often in a row: to be judged at once.
    case run(service: String, peer: PeerState, Finding)
}
