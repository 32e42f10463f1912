/// What a handler answers a request with.
package enum HTTPReply: Sendable {
    /// How much of a processor longer work gets when others want it, too.
    package enum Priority: Sendable {
        /// As much as any other thread.
        case normal
        /// What others leave, and a little: for what operators wait for, so that clients need not.
        case low
    }

    /// A response that exists already: the cheapest answer.
    case prepared(PreparedResponse)
    /// A response made for this request by less than a millisecond of work.
    case response(HTTPResponse)
    /// Longer work: the connection is suspended while a builder thread runs the closure, so that the worker serves its other connections. Of normal
    /// priority unless another is given.
    ///
    /// The request is answered with ``HTTPRequestFailure/overloaded`` instead when too many closures wait already, and when the closure has not
    /// begun by the deadline (`deferredDeadline` of the server's configuration); then it never does. A closure must return at some time: until
    /// then it keeps one of the few builder threads. The threads of one priority are not kept by work of the other.
    case deferred(Priority = .normal, @Sendable () -> HTTPResponse)
}
