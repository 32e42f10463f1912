import Foundation
import Testing

@testable import KubernetesSource

/// What a real API server sent, byte for byte; see `Recordings/README.md`.
struct Recording {
    /// All that was received.
    let bytes: [UInt8]
    let status: Int
    let headers: [String: String]
    /// The body without its framing, as far as it came.
    let body: [UInt8]
    /// Whether the body came to its end.
    let isComplete: Bool

    /// Reads the recording whose name begins with a number.
    init(_ number: String) throws {
        let directory = try #require(Bundle.module.resourceURL).appending(path: "Recordings")
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        let name = try #require(names.first { $0.hasPrefix("\(number)-") && $0.hasSuffix(".raw") })
        bytes = [UInt8](try Data(contentsOf: directory.appending(path: name)))
        let headEnd = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
        let lines = String(decoding: bytes[..<headEnd.lowerBound], as: UTF8.self).split(separator: "\r\n")
        status = try #require(lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) })
        headers = Dictionary(
            lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
            }
        ) { first, _ in first }
        let rest = bytes[headEnd.upperBound...]
        if headers["transfer-encoding"] == "chunked" {
            (body, isComplete) = Self.unchunked(rest)
        } else {
            (body, isComplete) = (Array(rest), rest.count == Int(headers["content-length"] ?? ""))
        }
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>) -> (body: [UInt8], isComplete: Bool) {
        var rest = bytes
        var body: [UInt8] = []
        let lineEnd = Array("\r\n".utf8)
        while let end = rest.firstRange(of: lineEnd), let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16) {
            if size == 0 { return (body, true) }
            body += rest[end.upperBound...].prefix(size)
            rest = rest[end.upperBound...].dropFirst(size + lineEnd.count)
        }
        return (body, false)
    }

    /// The lines of a watch.
    var lines: [[UInt8]] { body.split(separator: UInt8(ascii: "\n")).map(Array.init) }

    /// The events of a watch.
    func events() throws -> [WatchEvent] {
        try lines.map { try JSONDecoder().decode(WatchEvent.self, from: Data($0)) }
    }

    /// The page of a list.
    func list() throws -> ObjectList { try JSONDecoder().decode(ObjectList.self, from: Data(body)) }

    /// The words of an error.
    func failure() throws -> Status { try JSONDecoder().decode(Status.self, from: Data(body)) }
}
