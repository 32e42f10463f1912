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

    /// How a member speaks TLS to its clients; the test's own requests go to another port, in the clear.
    package struct TLS: Sendable {
        var certificate: TestCertificates.Pair
        var clientAuthority: TestCertificates.Pair?

        /// With a `clientAuthority` the member demands a certificate signed by that.
        package init(_ certificate: TestCertificates.Pair, clientAuthority: TestCertificates.Pair? = nil) {
            self.certificate = certificate
            self.clientAuthority = clientAuthority
        }
    }

    private static let startDeadline = Duration.seconds(60)
    /// The password of the user `root` where authentication is on.
    private static let rootPassword = "root-password"

    let directory: URL
    private let name: String
    private let arguments: [String]
    private let tls: TLS?
    private var ports: Ports
    private let initialCluster: String?
    /// The running process; `nil` while it is stopped. Unchecked sendability rests on one test at a time using the object.
    private var process: Process?
    private var isAuthenticating = false

    private struct Ports {
        let client: UInt16
        let peer: UInt16
        let tls: UInt16

        /// Those of so many members, all different.
        static func free(for count: Int) throws -> [Ports] {
            let found = try EtcdProcess.freePorts(3 * count)
            return (0..<count).map { Ports(client: found[3 * $0], peer: found[3 * $0 + 1], tls: found[3 * $0 + 2]) }
        }
    }

    /// Starts an etcd without keys and waits until it is healthy.
    ///
    /// Throws a ``Failure`` when there is no etcd on this machine: "install etcd-server".
    package init(arguments: [String] = [], tls: TLS? = nil) async throws {
        (name, self.arguments, self.tls, initialCluster) = ("default", arguments, tls, nil)
        directory = try Self.makeDirectory()
        ports = try Ports.free(for: 1)[0]
        do {
            try await start()
        } catch {
            // Somebody took one of the ports before etcd did.
            ports = try Ports.free(for: 1)[0]
            try await start()
        }
    }

    /// Makes a member of a cluster that has not been started.
    private init(name: String, ports: Ports, initialCluster: String, arguments: [String]) throws {
        (self.name, self.arguments, tls, self.initialCluster) = (name, arguments, nil, initialCluster)
        directory = try Self.makeDirectory()
        self.ports = ports
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Starts a cluster without keys and waits until every member is healthy.
    package static func cluster(of count: Int, arguments: [String] = []) async throws -> [EtcdProcess] {
        do {
            return try await startCluster(of: count, arguments)
        } catch {
            // Somebody took one of the ports before etcd did.
            return try await startCluster(of: count, arguments)
        }
    }

    private static func startCluster(of count: Int, _ arguments: [String]) async throws -> [EtcdProcess] {
        let ports = try Ports.free(for: count)
        let initialCluster = ports.enumerated().map { "member-\($0)=http://127.0.0.1:\($1.peer)" }.joined(separator: ",")
        let members = try ports.enumerated().map {
            try EtcdProcess(name: "member-\($0)", ports: $1, initialCluster: initialCluster, arguments: arguments)
        }
        for member in members { try member.launch() }
        for member in members { try await member.waitUntilHealthy() }
        return members
    }

    private static func makeDirectory() throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("etcd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    /// The client URL: `http://127.0.0.1:port`, or `https` where it speaks TLS; the same after a restart.
    package var url: String { tls == nil ? plainURL : "https://127.0.0.1:\(ports.tls)" }

    /// The port of ``url``.
    package var port: UInt16 { tls == nil ? ports.client : ports.tls }

    private var plainURL: String { "http://127.0.0.1:\(ports.client)" }
}

// MARK: - The process

extension EtcdProcess {
    /// Starts etcd on the same ports and directory, and waits until it is healthy: for a member of a cluster, until that has a leader.
    package func start() async throws {
        guard process == nil else { return }
        try launch()
        try await waitUntilHealthy()
    }

    /// Starts etcd on the same ports and directory.
    package func launch() throws {
        guard process == nil else { return }
        let peerURL = "http://127.0.0.1:\(ports.peer)"
        var arguments = [
            "--name", name, "--data-dir", directory.appendingPathComponent("data").path,
            "--listen-client-urls", tls == nil ? url : "\(url),\(plainURL)", "--advertise-client-urls", url,
            "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
            "--initial-cluster", initialCluster ?? "\(name)=\(peerURL)",
            "--log-level", "error",
        ]
        // A member alone waits for its own election only; others need time to hear of each other on a busy machine.
        if initialCluster == nil { arguments += ["--heartbeat-interval", "10", "--election-timeout", "100"] }
        if let tls {
            arguments += ["--cert-file", tls.certificate.certificate, "--key-file", tls.certificate.key]
            if let authority = tls.clientAuthority { arguments += ["--client-cert-auth", "--trusted-ca-file", authority.certificate] }
        }
        process = try Self.spawn(arguments + self.arguments, log: logFile)
    }

    /// Waits until etcd is healthy, after ``launch()``.
    package func waitUntilHealthy() async throws {
        let deadline = ContinuousClock.now + Self.startDeadline
        while ContinuousClock.now < deadline {
            if let answer = try? request("GET", "/health", timeout: .milliseconds(100)), answer.contains("\"true\"") { return }
            guard process?.isRunning == true else {
                process = nil
                throw Failure(description: "etcd ended at once: \(logTail)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        kill()
        throw Failure(description: "etcd was not healthy in time: \(logTail)")
    }

    /// Stops etcd as it is (`SIGSTOP`): it answers nothing, and the kernel still takes connections.
    package func freeze() {
        if let process { Glibc.kill(process.processIdentifier, SIGSTOP) }
    }

    /// Lets a frozen etcd go on.
    package func thaw() {
        if let process { Glibc.kill(process.processIdentifier, SIGCONT) }
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

    /// Ends a lease, which deletes its keys as the end of its time does.
    package func revokeLease(_ id: String) throws {
        try post("/v3/lease/revoke", ["ID": id])
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

// MARK: - Users

extension EtcdProcess {
    /// Switches authentication on, with a user who may read a prefix that ends in `/` and nothing else.
    package func enableAuthentication(user: String, password: String, prefix: String) throws {
        try post("/v3/auth/role/add", ["name": "reader"])
        let permission = ["permType": "READ", "key": Self.base64(prefix), "range_end": Self.base64(prefix.dropLast() + "0")]
        try post("/v3/auth/role/grant", ["name": "reader", "perm": permission])
        for (name, password, role) in [("root", Self.rootPassword, "root"), (user, password, "reader")] {
            if role == "root" { try post("/v3/auth/role/add", ["name": role]) }
            try post("/v3/auth/user/add", ["name": name, "password": password])
            try post("/v3/auth/user/grant", ["user": name, "role": role])
        }
        try switchAuthenticationOn()
    }

    /// Switches authentication on, again.
    package func switchAuthenticationOn() throws {
        try post("/v3/auth/enable", [:])
        isAuthenticating = true
    }

    /// Switches authentication off.
    package func disableAuthentication() throws {
        try post("/v3/auth/disable", [:])
        isAuthenticating = false
    }

    /// Gives a user another password, which ends his tokens.
    package func changePassword(of user: String, to password: String) throws {
        try post("/v3/auth/user/changepw", ["name": user, "password": password])
    }

    private func login(_ user: String, password: String) throws -> String {
        let body = try JSONSerialization.data(withJSONObject: ["name": user, "password": password])
        let text = try request("POST", "/v3/auth/authenticate", String(decoding: body, as: UTF8.self))
        guard let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], let token = answer["token"] as? String
        else { throw Failure(description: "etcd gave no token: \(text.prefix(200))") }
        return token
    }
}

// MARK: - Requests

extension EtcdProcess {
    /// Sends a request to the JSON gateway and returns its answer.
    @discardableResult
    package func post(_ path: String, _ body: [String: Any]) throws -> [String: Any] {
        let token = isAuthenticating ? try login("root", password: Self.rootPassword) : nil
        let text = try request("POST", path, String(decoding: JSONSerialization.data(withJSONObject: body), as: UTF8.self), token: token)
        guard let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw Failure(description: "\(path): etcd answered \(text.prefix(200))")
        }
        return answer
    }

    /// Sends a request and returns the body of its answer.
    func request(
        _ method: String,
        _ path: String,
        _ body: String = "",
        token: String? = nil,
        timeout: Duration = .seconds(30)
    ) throws -> String {
        try answer(on: ask(method, path, body, token: token, timeout: timeout), path)
    }

    /// Sends a request and returns its connection, for ``answer(on:_:)``.
    ///
    /// HTTP/1.0, so that the answer is not chunked and ends with the connection.
    func ask(_ method: String, _ path: String, _ body: String = "", token: String?, timeout: Duration = .seconds(30)) throws -> CInt {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        do {
            let (seconds, attoseconds) = timeout.components
            var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var address = Self.loopback(port: ports.client)
            let isConnected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
            }
            guard isConnected else { throw Failure(description: "etcd does not listen") }
            let authorization = token.map { "Authorization: \($0)\r\n" } ?? ""
            let message = Array("\(method) \(path) HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n\(authorization)\r\n\(body)".utf8)
            var sent = 0
            while sent < message.count {
                let count = message[sent...].withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { throw Failure(description: "etcd closed the connection") }
                sent += count
            }
            return connection
        } catch {
            close(connection)
            throw error
        }
    }

    /// Reads the body of the answer on a connection, and closes that.
    func answer(on connection: CInt, _ path: String) throws -> String {
        defer { close(connection) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(connection, &buffer, buffer.count, 0), count > 0 { received += buffer[..<count] }
        let answer = String(decoding: received, as: UTF8.self)
        guard let head = answer.range(of: "\r\n\r\n"), answer.contains(" 200 OK\r\n") || answer.contains(" 201 Created\r\n") else {
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

    /// Ports that nobody listens on, found by asking the kernel and letting go of them again.
    private static func freePorts(_ count: Int) throws -> [UInt16] {
        let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        defer { for socket in sockets { close(socket) } }
        return try sockets.map { try bindAnyPort($0) }
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
