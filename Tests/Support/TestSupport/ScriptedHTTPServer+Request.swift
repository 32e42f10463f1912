extension ScriptedHTTPServer {
    /// A request as it came over the wire.
    package struct Request: Sendable {
        /// The method, such as `GET`.
        package let method: String
        /// Path and query, as sent.
        package let target: String
        /// The header fields in order.
        package let headers: [(name: String, value: String)]
        /// The body.
        package let body: [UInt8]

        /// The first value of a header, letter case aside.
        package subscript(name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// Takes a complete request from the front of what was received; nil when there is none yet.
        init?(consuming received: inout [UInt8]) {
            let terminator = Array("\r\n\r\n".utf8)
            guard let headEnd = received.indices.first(where: { received[$0...].starts(with: terminator) }) else { return nil }
            let lines = String(decoding: received[..<headEnd], as: UTF8.self).split(separator: "\r\n")
            let requestLine = (lines.first ?? "").split(separator: " ")
            guard requestLine.count == 3 else { return nil }

            let headers = lines.dropFirst().map { line -> (name: String, value: String) in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(parts.last?.drop { $0 == " " } ?? ""))
            }
            let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
            let bodyStart = headEnd + terminator.count
            guard received.count >= bodyStart + length else { return nil }

            method = String(requestLine[0])
            target = String(requestLine[1])
            self.headers = headers
            body = Array(received[bodyStart..<bodyStart + length])
            received.removeFirst(bodyStart + length)
        }
    }
}
