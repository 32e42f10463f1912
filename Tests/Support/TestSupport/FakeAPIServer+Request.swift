import Foundation

extension FakeAPIServer {
    /// What a client asks for.
    package struct Request: Sendable {
        /// What is wanted.
        package enum Kind: Sendable, Equatable {
            /// The first page of a list, or all of it.
            case list
            /// A later page.
            case page
            /// One object by its name.
            case one
            /// A watch.
            case watch
        }

        /// What is wanted.
        package let kind: Kind
        /// The name in the path: `endpointslices`.
        package let resource: String
        /// `nil`: all.
        package let namespace: String?
        /// Decoded.
        package let query: [String: String]
        /// Without `Bearer`; `nil`: none.
        package let token: String?
        /// When it came.
        package let at: ContinuousClock.Instant

        init?(_ request: ScriptedHTTPServer.Request) {
            guard request.method == "GET", let components = URLComponents(string: request.target) else { return nil }
            let segments = components.path.split(separator: "/").map(String.init)
            let rest: ArraySlice<String>
            switch segments.prefix(3) {
            case ["apis", "discovery.k8s.io", "v1"]: rest = segments[3...]
            case let core where core.prefix(2) == ["api", "v1"]: rest = segments[2...]
            default: return nil
            }
            guard let resource = rest.last, ["endpointslices", "endpoints"].contains(resource) else { return nil }
            guard rest.count == 1 || (rest.count == 3 && rest.first == "namespaces") else { return nil }
            self.resource = resource
            namespace = rest.count == 3 ? rest.dropFirst().first : nil
            query = Dictionary((components.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { $1 }
            kind = query["watch"] == "true" ? .watch : query["fieldSelector"] != nil ? .one : query["continue"] != nil ? .page : .list
            token = request["Authorization"].map { String($0.dropFirst("Bearer ".count)) }
            at = .now
        }
    }

    /// What becomes of a request instead of a right answer.
    package enum Fault: Sendable {
        /// An answer with a status, and these headers and this body.
        case answer(Int, headers: [(name: String, value: String)] = [], body: String = "")
        /// The right answer, of which only so many bytes of the body are sent before the connection ends.
        case cut(after: Int)
        /// A watch that begins, brings this, and ends in good order.
        case watch(String)
        /// No answer before the client goes away.
        case silence

        /// A failure as Kubernetes words it.
        package static func status(_ code: Int, _ reason: String, _ message: String, retryAfter: Int? = nil) -> Fault {
            let headers = [(name: "Content-Type", value: "application/json")] + (retryAfter.map { [(name: "Retry-After", value: "\($0)")] } ?? [])
            return .answer(code, headers: headers, body: FakeAPIServer.status(code, reason, message))
        }
    }

    static func status(_ code: Int, _ reason: String, _ message: String) -> String {
        #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","reason":"\#(reason)","code":\#(code)}"#
    }
}
