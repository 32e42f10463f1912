import Glibc

/// The request methods that routes can be written for.
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get
    case head
    case post
    case put
    case delete
    /// Any other method: no route takes it.
    case other

    /// The method as requests spell it; `OTHER` for `.other`.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .other: "OTHER"
        }
    }

    /// Reads a method as it came in a request. Method names are case-sensitive (RFC 9110, 9.1).
    init(_ name: UnsafePointer<CChar>) {
        if strcmp(name, "GET") == 0 {
            self = .get
        } else if strcmp(name, "POST") == 0 {
            self = .post
        } else if strcmp(name, "HEAD") == 0 {
            self = .head
        } else if strcmp(name, "PUT") == 0 {
            self = .put
        } else if strcmp(name, "DELETE") == 0 {
            self = .delete
        } else {
            self = .other
        }
    }
}
