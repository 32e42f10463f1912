import Foundation
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// The real server over the keys API of a real etcd, which is version 2, and what operators do to it.
struct EtcdKeysTests {
    private static let prefix = "/v1/testing/services/"
    private static let user = "lookaside"
    private let etcd: EtcdProcess

    init() async throws {
        etcd = try await EtcdProcess(arguments: EtcdProcess.keysArguments + ["--bcrypt-cost", "4"])
    }

    private func start(_ endpoints: String? = nil, more: String = "", files: [String: String] = [:]) async throws -> LookasideProcess {
        try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(endpoints ?? etcd.url)], api: v2\(more) }\nstale_after: 5",
            files: files
        )
    }

    private func set(_ key: String, weight: Int) throws {
        try etcd.setKey(Self.prefix + key, #"{"weight":\#(weight)}"#)
    }

    /// Runs etcd's own command line, as operators do.
    private func etcdctl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["etcdctl", "--endpoints", etcd.url] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["ETCDCTL_API": "2"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "etcdctl \(arguments)")
    }

    // MARK: - Changes

    @Test func `what etcdctl sets, makes, updates and removes is followed by picks`() async throws {
        try etcdctl("set", Self.prefix + "web/10.0.0.1:8080", #"{"weight":100}"#)
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:8080": 100])
        #expect(try await server.json("/pick/web", as: PickBody.self).peer == "10.0.0.1:8080")
        try etcdctl("mk", Self.prefix + "web/10.0.0.2:8080", #"{"weight":2}"#)
        try etcdctl("update", Self.prefix + "web/10.0.0.1:8080", #"{"weight":3}"#)
        try etcdctl("set", "--swap-with-value", #"{"weight":2}"#, Self.prefix + "web/10.0.0.2:8080", #"{"weight":4}"#)
        try await server.waitFor("web", ["10.0.0.1:8080": 3, "10.0.0.2:8080": 4])
        try etcdctl("rm", Self.prefix + "web/10.0.0.1:8080")
        try await server.waitFor("web", ["10.0.0.2:8080": 4])
        try etcdctl("set", "--ttl", "600", Self.prefix + "web/10.0.0.3:8080", "not JSON")
        try await server.waitFor("web", ["10.0.0.2:8080": 4, "10.0.0.3:8080": 100])
        try etcdctl("set", "--ttl", "1", Self.prefix + "web/10.0.0.3:8080", "not JSON")
        try await server.waitFor("web", ["10.0.0.2:8080": 4])
        try etcdctl("mkdir", Self.prefix + "empty")
        try etcdctl("rmdir", Self.prefix + "empty")
        try etcdctl("rm", "--recursive", Self.prefix + "web")
        try await server.waitFor("web", [:])
        #expect(try await server.get("/pick/web").status == 503)
        let source = try await server.source()
        #expect(source.lists == 1 && source.skipped == 0 && source.lastError.isEmpty)
        let index = try etcd.setKey(Self.prefix + "web/10.0.0.9:8080", #"{"weight":"heavy"}"#)
        try await server.wait("the revision is etcd's index") { try await server.source().revision == "\(index)" }
        #expect(try await server.source().skipped == 1)
    }

    @Test func `many changes elsewhere, while connected and while away, take nothing from picks`() async throws {
        try set("web/10.0.0.1:80", weight: 1)
        let proxy = try FaultProxy(to: etcd.port)
        let server = try await start(proxy.url)
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        try etcd.forgetKeyChanges()
        try set("web/10.0.0.2:80", weight: 2)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])
        #expect(try await server.source().lists == 1)
        proxy.set(.refuse)
        try set("web/10.0.0.3:80", weight: 3)
        try etcd.forgetKeyChanges()
        proxy.set(.forward)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 3])
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 2)
    }

    @Test func `a server that stands still while very much changes shows all of it afterwards`() async throws {
        try set("web/10.0.0.1:80", weight: 1)
        let server = try await start()
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        server.signal(SIGSTOP)
        for round in 1...4 {
            try etcd.setKeysAtOnce((0..<500).map { (Self.prefix + "service-\($0 % 10)/10.0.\(round).\($0 % 250):80", #"{"weight":1}"#) })
        }
        try etcd.deleteDirectory(Self.prefix + "service-0")
        server.signal(SIGCONT)
        try await server.wait("all peers are known") { try await server.source().peers == 901 }
        for service in 1..<10 {
            try await server.wait("all peers are in picks") { try await server.weights("service-\(service)")?.count == 100 }
        }
        #expect(try etcd.keyNodes(below: Self.prefix).count == 901)
    }

    // MARK: - Faults

    @Test func `when etcd is killed and comes back, and when it is wiped, picks go on, and then the peers are etcd's again`() async throws {
        for peer in 1...9 { try set("web/10.0.0.\(peer):80", weight: peer) }
        let server = try await start(more: ", empty_guard: 0")
        try await server.wait("nine peers") { try await server.weights("web")?.count == 9 }
        let client = PickingClient(server, service: "web")
        etcd.kill()
        try await server.wait("a source that is down is named") {
            let answer = try await server.get("/readyz")
            return answer.status == 200 && String(decoding: answer.body, as: UTF8.self).contains(#""degraded""#)
        }
        try await etcd.start()
        try etcd.deleteKey(Self.prefix + "web/10.0.0.9:80")
        try await server.wait("eight peers") { try await server.weights("web")?.count == 8 }
        #expect(!server.log.contains("history was broken"))

        try etcd.wipe()
        try await etcd.start()
        for peer in 1...7 { try set("web/10.0.0.\(peer):80", weight: peer) }
        try await server.wait("seven peers") { try await server.weights("web")?.count == 7 }
        #expect(try await client.stop() == [200])
    }

    @Test func `a store whose index has gone back is listed as a new one, and that is said`() async throws {
        for weight in 1...50 { try set("web/10.0.0.1:80", weight: weight) }
        let proxy = try FaultProxy(to: etcd.port)
        let server = try await start(proxy.url)
        try await server.waitFor("web", ["10.0.0.1:80": 50])
        proxy.set(.refuse)
        try etcd.wipe()
        try await etcd.start()
        try set("web/10.0.0.1:80", weight: 7)
        proxy.set(.forward)
        try await server.waitFor("web", ["10.0.0.1:80": 7], within: .seconds(30))
        #expect(server.log.contains("etcd's history was broken, listing again"))
        #expect(server.log.contains("was wiped or restored"))
    }

    @Test func `an etcd without the keys API says how to switch it on`() async throws {
        let other = try await EtcdProcess()
        let server = try await start(other.url)
        try await server.wait("the remedy is named") {
            try await server.source().lastError.hasSuffix("start it with --enable-v2 (3.5 or earlier), or use api: v3")
        }
    }

    // MARK: - Login and TLS

    @Test func `a wrong password is named and never shown, put right without a restart, and changed while connected`() async throws {
        try set("web/10.0.0.1:80", weight: 1)
        try etcd.enableKeysAuthentication(user: Self.user, password: "right secret", directory: String(Self.prefix.dropLast()))
        let proxy = try FaultProxy(to: etcd.port)
        let login = ", username: \(Self.user), password_file: password"
        let server = try await start(proxy.url, more: login, files: ["password": "wrong secret"])
        let refusal = "etcd refused username lookaside or its password, or it may not read the prefix /v1/testing/services/"
        try await server.wait("the refusal is named") { try await server.source().lastError.hasSuffix(refusal) }
        #expect(try await server.get("/readyz").status == 503)
        try server.write("password", "right secret\n")
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")

        try etcd.changeKeysPassword(of: Self.user, to: "second secret")
        try set("web/10.0.0.1:80", weight: 2)
        try await server.waitFor("web", ["10.0.0.1:80": 2])
        proxy.cut()
        try await server.wait("the old password is refused") { try await server.source().lastError.hasSuffix(refusal) }
        try set("web/10.0.0.2:80", weight: 3)
        try server.write("password", "second secret")
        try await server.waitFor("web", ["10.0.0.1:80": 2, "10.0.0.2:80": 3])
        #expect(try await client.stop() == [200])
        for path in ["/stats", "/readyz", "/metrics"] {
            #expect(!String(decoding: try await server.get(path).body, as: UTF8.self).contains("secret"))
        }
        #expect(server.log.contains(refusal) && !server.log.contains("secret"))

        let stranger = try await start()
        try await stranger.wait("a username is asked for") {
            try await stranger.source().lastError.hasSuffix("it wants a username and a password_file")
        }
    }

    @Test func `TLS with a client certificate works, and is put right without a restart`() async throws {
        let certificates = try TestCertificates()
        let etcd = try await EtcdProcess(
            arguments: EtcdProcess.keysArguments,
            tls: .init(certificates.server, clientAuthority: certificates.authority)
        )
        func text(_ pair: TestCertificates.Pair) throws -> String {
            try String(contentsOfFile: pair.certificate, encoding: .utf8) + String(contentsOfFile: pair.key, encoding: .utf8)
        }
        try etcd.setKey(Self.prefix + "web/10.0.0.1:80", #"{"weight":1}"#)
        let server = try await start(
            etcd.url,
            more: ", ca_file: \(certificates.authority.certificate), cert_file: both.pem, key_file: both.pem",
            files: ["both.pem": try text(certificates.expiredClient)]
        )
        try await server.wait("an expired client certificate is named") {
            try await server.source().lastError.contains("the server does not accept our client certificate")
        }
        try server.write("both.pem", text(certificates.client))
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        try etcd.setKey(Self.prefix + "web/10.0.0.1:80", #"{"weight":2}"#)
        try await server.waitFor("web", ["10.0.0.1:80": 2])
    }

    // MARK: - Silence

    @Test(.enabled(if: runsSlowTests)) func `a watch of which nothing is heard is listed again and again, and never counts as stale`() async throws {
        try set("web/10.0.0.1:80", weight: 1)
        let server = try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url)], api: v2 }\nstale_after: 1")
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let deadline = ContinuousClock.now + .seconds(65)
        var states: Set<String> = []
        while ContinuousClock.now < deadline {
            states.insert(try await server.source().state)
            #expect(try await server.json("/pick/web", as: PickBody.self).stale == nil)
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(states == ["watching"])
        let source = try await server.source()
        #expect((3...4).contains(source.lists) && source.lastError.isEmpty)
    }

    @Test(.enabled(if: runsSlowTests), arguments: [true, false])
    func `an etcd that freezes, and a network that swallows everything, are noticed within 45 seconds and survived`(isEtcd: Bool) async throws {
        try set("web/10.0.0.1:80", weight: 1)
        let proxy = try FaultProxy(to: etcd.port)
        let server = try await start(proxy.url)
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        if isEtcd { etcd.freeze() } else { proxy.set(.stall) }
        try await server.wait("picks say that they are stale", within: .seconds(45)) {
            try await server.json("/pick/web", as: PickBody.self).stale == true
        }
        #expect(try await server.source().state != "watching")
        if isEtcd { etcd.thaw() } else { proxy.set(.forward) }
        try set("web/10.0.0.2:80", weight: 2)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2], within: .seconds(30))
        #expect(try await client.stop() == [200])
    }
}
