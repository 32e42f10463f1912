import Foundation
import Glibc

/// A real etcd of one member, on free loopback ports and a temporary directory, which go with this object.
///
/// For tests of what a source does when etcd is killed, stopped, compacted or wiped. Requests block for as long as etcd takes to
/// answer, some milliseconds. An object is used by one test at a time; it is `Sendable` so that a test may hand it to its tasks.
package final class EtcdProcess: @unchecked Sendable {
    /// Why etcd could not be started or did not answer as expected.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// One change of ``commit(_:)``.
    package enum Change {
        /// Sets a key.
        case put(String, String)
        /// Deletes a key.
        case delete(String)
    }

    private static let startDeadline = Duration.seconds(60)

    private let directory: URL
    private var clientPort: UInt16
    private var peerPort: UInt16
    /// The running process; `nil` while it is stopped. Unchecked sendability rests on one test at a time using the object.
    private var process: Process?

    /// Starts an etcd without keys and waits until it is healthy.
    ///
    /// Throws a ``Failure`` when there is no etcd on this machine: "install etcd-server".
    package init() async throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("etcd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        (clientPort, peerPort) = try Self.freePorts()
        do {
            try await start()
        } catch {
            // Somebody took one of the ports before etcd did.
            (clientPort, peerPort) = try Self.freePorts()
            try await start()
        }
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: directory)
    }

    /// The client URL: `http://127.0.0.1:port`, the same after a restart.
    package var url: String { "http://127.0.0.1:\(clientPort)" }
}

// MARK: - The process

extension EtcdProcess {
    /// Starts etcd on the same ports and directory, and waits until it is healthy.
    package func start() async throws {
        guard process == nil else { return }
        let process = try Self.spawn(
            [
                "--data-dir", directory.appendingPathComponent("data").path,
                "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", "http://127.0.0.1:\(peerPort)",
                "--initial-advertise-peer-urls", "http://127.0.0.1:\(peerPort)",
                "--initial-cluster", "default=http://127.0.0.1:\(peerPort)",
                // A member alone waits for its own election only.
                "--heartbeat-interval", "10", "--election-timeout", "100",
                "--log-level", "error",
            ],
            log: logFile
        )
        self.process = process
        let deadline = ContinuousClock.now + Self.startDeadline
        while ContinuousClock.now < deadline {
            if let answer = try? request("GET", "/health", timeout: .milliseconds(100)), answer.contains("\"true\"") { return }
            guard process.isRunning else {
                self.process = nil
                throw Failure(description: "etcd ended at once: \(logTail)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        kill()
        throw Failure(description: "etcd was not healthy in time: \(logTail)")
    }

    /// Ends etcd as `kill -9` does, and waits until it is gone.
    package func kill() {
        end(with: SIGKILL)
    }

    /// Ends etcd in good order, and waits until it is gone.
    package func stop() {
        end(with: SIGTERM)
    }

    /// Stops etcd and deletes all it has stored; after ``start()`` it is empty, at revision 1, with the same cluster id.
    package func wipe() throws {
        kill()
        try FileManager.default.removeItem(at: directory.appendingPathComponent("data"))
    }

    private func end(with signal: CInt) {
        guard let process else { return }
        self.process = nil
        Glibc.kill(process.processIdentifier, signal)
        while process.isRunning { usleep(1_000) }
    }

    private var logFile: String { directory.appendingPathComponent("log").path }

    private var logTail: String { String(((try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "").suffix(1000)) }

    private static func spawn(_ arguments: [String], log: String) throws -> Process {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        guard let program = folders.map({ "\($0)/etcd" }).first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw Failure(description: "there is no etcd on this machine: install etcd-server")
        }
        guard FileManager.default.fileExists(atPath: log) || FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forWritingAtPath: log)
        else { throw Failure(description: "\(log) cannot be written") }
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return process
    }
}

// MARK: - Keys

extension EtcdProcess {
    /// Sets a key, under a lease if there is one.
    package func put(_ key: String, _ value: String, lease: String? = nil) throws {
        var body = ["key": Self.base64(key), "value": Self.base64(value)]
        body["lease"] = lease
        try post("/v3/kv/put", body)
    }

    /// Sets a key that need not be text.
    package func put(_ key: [UInt8], _ value: String) throws {
        try post("/v3/kv/put", ["key": Data(key).base64EncodedString(), "value": Self.base64(value)])
    }

    /// Deletes a key.
    package func delete(_ key: String) throws {
        try post("/v3/kv/deleterange", ["key": Self.base64(key)])
    }

    /// Deletes every key under a prefix that ends in `/`.
    package func deleteAll(under prefix: String) throws {
        try post("/v3/kv/deleterange", ["key": Self.base64(prefix), "range_end": Self.base64(prefix.dropLast() + "0")])
    }

    /// Makes changes in one revision; at most 128, etcd's limit for a transaction.
    package func commit(_ changes: [Change]) throws {
        let operations = changes.map { change in
            switch change {
            case .put(let key, let value):
                ["request_put": ["key": Self.base64(key), "value": Self.base64(value)]]
            case .delete(let key):
                ["request_delete_range": ["key": Self.base64(key)]]
            }
        }
        try post("/v3/kv/txn", ["success": operations])
    }

    /// Grants a lease of some seconds (etcd rounds up to its election timeout).
    ///
    /// - Returns: its id.
    package func grantLease(seconds: Int) throws -> String {
        guard let id = try post("/v3/lease/grant", ["TTL": "\(seconds)"])["ID"] as? String else {
            throw Failure(description: "etcd granted no lease")
        }
        return id
    }

    /// The revision of the store.
    package func revision() throws -> Int64 {
        let answer = try post("/v3/kv/range", ["key": Self.base64("a")])
        guard let header = answer["header"] as? [String: Any], let text = header["revision"] as? String, let revision = Int64(text) else {
            throw Failure(description: "etcd's answer has no revision")
        }
        return revision
    }

    /// Forgets everything before the store's revision.
    package func compact() throws {
        try post("/v3/kv/compaction", ["revision": "\(try revision())", "physical": true])
    }

    /// Every key under a prefix that ends in `/`, without the prefix, and its value.
    package func keyValues(under prefix: String) throws -> [String: String] {
        let answer = try post("/v3/kv/range", ["key": Self.base64(prefix), "range_end": Self.base64(prefix.dropLast() + "0")])
        var values: [String: String] = [:]
        for keyValue in answer["kvs"] as? [[String: Any]] ?? [] {
            let key = Self.text(keyValue["key"])
            values[String(key.dropFirst(prefix.count))] = Self.text(keyValue["value"])
        }
        return values
    }

    private static func base64(_ text: some StringProtocol) -> String {
        Data(text.utf8).base64EncodedString()
    }

    private static func text(_ base64: Any?) -> String {
        String(decoding: (base64 as? String).flatMap { Data(base64Encoded: $0) } ?? Data(), as: UTF8.self)
    }
}

// MARK: - Requests

extension EtcdProcess {
    /// Sends a request to the JSON gateway and returns its answer.
    @discardableResult
    package func post(_ path: String, _ body: [String: Any]) throws -> [String: Any] {
        let text = try request("POST", path, String(decoding: JSONSerialization.data(withJSONObject: body), as: UTF8.self))
        guard let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw Failure(description: "\(path): etcd answered \(text.prefix(200))")
        }
        return answer
    }

    /// HTTP/1.0, so that the answer is not chunked and ends with the connection.
    private func request(_ method: String, _ path: String, _ body: String = "", timeout: Duration = .seconds(30)) throws -> String {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        let (seconds, attoseconds) = timeout.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = Self.loopback(port: clientPort)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard isConnected else { throw Failure(description: "etcd does not listen") }
        let message = Array("\(method) \(path) HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        var sent = 0
        while sent < message.count {
            let count = message[sent...].withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure(description: "etcd closed the connection") }
            sent += count
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(connection, &buffer, buffer.count, 0), count > 0 { received += buffer[..<count] }
        let answer = String(decoding: received, as: UTF8.self)
        guard let head = answer.range(of: "\r\n\r\n"), answer.contains(" 200 OK\r\n") else {
            throw Failure(description: "\(path): etcd answered \(answer.suffix(300))")
        }
        return String(answer[head.upperBound...])
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return address
    }

    /// Two ports that nobody listens on, found by asking the kernel and letting go of them again.
    private static func freePorts() throws -> (UInt16, UInt16) {
        let sockets = (socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0), socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        defer {
            close(sockets.0)
            close(sockets.1)
        }
        return (try bindAnyPort(sockets.0), try bindAnyPort(sockets.1))
    }

    private static func bindAnyPort(_ socket: CInt) throws -> UInt16 {
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0 }
        }
        guard isBound else { throw Failure(description: "no free port: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: address.sin_port)
    }
}
