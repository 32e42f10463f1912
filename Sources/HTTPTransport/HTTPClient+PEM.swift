extension HTTPClient {
    /// Certificates or a key in PEM.
    package enum PEM: Sendable, Hashable {
        /// A file, read for each request.
        case file(String)
        /// The text itself.
        case content([UInt8])

        /// The path of a file.
        var path: String? {
            if case .file(let path) = self { path } else { nil }
        }
    }
}

/// Never the content, which may be a key.
extension HTTPClient.PEM: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        path ?? "(given as text)"
    }

    package var debugDescription: String {
        description
    }
}
