/// Why a server could not be started.
package struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    /// The kinds of reasons.
    package enum Code: Sendable {
        /// The host is no address of this machine, or no host at all.
        case invalidAddress
        /// Another socket listens there.
        case addressInUse
        /// The system refuses to listen there, for another reason.
        case cannotListen
        /// libmicrohttpd refuses to start; its reason is in the log.
        case cannotStart
    }

    /// What kind of reason it is.
    package let code: Code
    /// The reason in words, naming host and port.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
