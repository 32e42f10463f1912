import Foundation
import HTTPTransport
import TestSupport
import Testing

/// The real server and an etcd that asks who is there, or speaks TLS.
struct EtcdSecurityTests {
    private static let prefix = "/v1/testing/services/"
    private static let user = "lookaside"

    private func put(_ key: String, weight: Int, at etcd: EtcdProcess) throws {
        try etcd.put(Self.prefix + key, #"{"weight":\#(weight)}"#)
    }

    /// A server that logs in with the password in its file `password`.
    private func start(url: String, password: String, more: String = "") async throws -> LookasideProcess {
        try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(url)], username: \(Self.user), password_file: password\(more) }",
            files: ["password": password + "\n"]
        )
    }

    private func etcdWithUser(password: String) async throws -> EtcdProcess {
        let etcd = try await EtcdProcess(arguments: ["--auth-token", "simple", "--auth-token-ttl", "1", "--bcrypt-cost", "4"])
        try put("web/10.0.0.1:80", weight: 1, at: etcd)
        try etcd.enableAuthentication(user: Self.user, password: password, prefix: Self.prefix)
        return etcd
    }

    // MARK: - Login

    @Test func `tokens that expire, are forgotten in a restart or end with the password are renewed`() async throws {
        let etcd = try await etcdWithUser(password: "first secret")
        let proxy = try FaultProxy(to: etcd.port)
        let server = try await start(url: proxy.url, password: "first secret")
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")

        // The token's time passes while it is not used.
        try await Task.sleep(for: .seconds(3))
        proxy.cut()
        try put("web/10.0.0.2:80", weight: 2, at: etcd)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])

        etcd.kill()
        try await etcd.start()
        try put("web/10.0.0.3:80", weight: 3, at: etcd)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2, "10.0.0.3:80": 3])

        try etcd.changePassword(of: Self.user, to: "second secret")
        proxy.cut()
        try await server.wait("the old password is refused") {
            try await server.source().lastError.hasSuffix("etcd refused username lookaside or its password")
        }
        try server.write("password", "second secret")
        try put("web/10.0.0.1:80", weight: 9, at: etcd)
        try await server.waitFor("web", ["10.0.0.1:80": 9, "10.0.0.2:80": 2, "10.0.0.3:80": 3])
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
        #expect(!server.log.contains("secret"))
    }

    @Test func `a wrong password is named and never shown, and put right without a restart`() async throws {
        let etcd = try await etcdWithUser(password: "right secret")
        let server = try await start(url: etcd.url, password: "wrong secret")
        try await server.wait("the refusal is named") {
            try await server.source().lastError.hasSuffix("etcd refused username lookaside or its password")
        }
        #expect(try await server.get("/readyz").status == 503)
        #expect(server.log.contains("etcd refused username lookaside or its password"))
        #expect(!server.log.contains("secret"))
        for path in ["/stats", "/readyz", "/metrics"] {
            #expect(!String(decoding: try await server.get(path).body, as: UTF8.self).contains("secret"))
        }
        try server.write("password", "right secret")
        try await server.waitFor("web", ["10.0.0.1:80": 1])
    }

    @Test func `a user who may not read the prefix is told so`() async throws {
        let etcd = try await etcdWithUser(password: "x")
        let server = try await start(url: etcd.url, password: "x", more: ", prefix: /elsewhere/")
        try await server.wait("the prefix is named") {
            try await server.source().lastError.hasSuffix("permission denied: username lookaside may not read the prefix /elsewhere/")
        }
    }

    @Test func `authentication that is switched off, and on again, is lived with`() async throws {
        let etcd = try await etcdWithUser(password: "x")
        try etcd.disableAuthentication()
        let proxy = try FaultProxy(to: etcd.port)
        let server = try await start(url: proxy.url, password: "x")
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        #expect(server.log.components(separatedBy: "etcd has authentication switched off").count == 2)
        try etcd.switchAuthenticationOn()
        proxy.cut()
        try put("web/10.0.0.2:80", weight: 2, at: etcd)
        try await server.waitFor("web", ["10.0.0.1:80": 1, "10.0.0.2:80": 2])
        let stranger = try await LookasideProcess(configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url)] }")
        try await stranger.wait("a username is asked for") {
            try await stranger.source().lastError.hasSuffix("it wants a username and a password_file")
        }
    }

    // MARK: - TLS

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func `a wrong authority is named and put right without a restart, and an expired certificate is named`() async throws {
        let certificates = try TestCertificates()
        let etcd = try await EtcdProcess(tls: .init(certificates.server))
        try put("web/10.0.0.1:80", weight: 1, at: etcd)
        let server = try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url)], ca_file: ca.pem }",
            files: ["ca.pem": try text(certificates.otherAuthority.certificate)]
        )
        try await server.wait("the wrong authority is named") {
            try await server.source().lastError.contains("the server's certificate is not signed by a trusted authority")
        }
        try FileManager.default.removeItem(at: server.directory.appending(path: "ca.pem"))
        try await server.wait("the missing file is named") {
            let error = try await server.source().lastError
            return error.contains("the file of trusted certificates cannot be used") && error.contains("ca.pem: No such file")
        }
        try server.write("ca.pem", text(certificates.authority.certificate))
        try await server.waitFor("web", ["10.0.0.1:80": 1])

        let expired = try await EtcdProcess(tls: .init(certificates.expiredServer))
        let other = try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(expired.url)], ca_file: \(certificates.authority.certificate) }"
        )
        try await other.wait("the expired certificate is named") {
            try await other.source().lastError.contains("the server's certificate has expired")
        }
        let plain = try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url.replacing("127.0.0.1", with: "localhost"))], "
                + "ca_file: \(certificates.authority.certificate) }"
        )
        try await plain.wait("the wrong name is named") {
            try await plain.source().lastError.contains("made out to another host name")
        }
    }

    @Test func `an authority that is replaced takes effect on a watch that is open, and picks go on`() async throws {
        let certificates = try TestCertificates()
        let etcd = try await EtcdProcess(tls: .init(certificates.server))
        try put("web/10.0.0.1:80", weight: 1, at: etcd)
        let server = try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url)], ca_file: ca.pem }",
            files: ["ca.pem": try text(certificates.authority.certificate)]
        )
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        try server.write("ca.pem", text(certificates.otherAuthority.certificate))
        var weight = 1
        try await server.wait("the watch has gone over to the new authority") {
            weight += 1
            try put("web/10.0.0.1:80", weight: weight, at: etcd)
            try await Task.sleep(for: .milliseconds(100))
            return try await server.source().lastError.contains("the server's certificate is not signed by a trusted authority")
        }
        // Both, as while one takes the place of the other.
        try server.write("ca.pem", text(certificates.otherAuthority.certificate) + text(certificates.authority.certificate))
        try put("web/10.0.0.2:80", weight: 2, at: etcd)
        try await server.waitFor("web", ["10.0.0.1:80": Double(weight), "10.0.0.2:80": 2])
        #expect(try await client.stop() == [200])
        #expect(try await server.source().lists == 1)
    }

    @Test(arguments: ["v3", "v2"])
    func `a client certificate that is replaced takes effect on a watch that is open, and picks go on`(api: String) async throws {
        let certificates = try TestCertificates()
        let etcd = try await EtcdProcess(
            arguments: EtcdProcess.keysArguments,
            tls: .init(certificates.server, clientAuthority: certificates.authority)
        )
        func put(_ key: String, weight: Int, at etcd: EtcdProcess) throws {
            guard api == "v2" else { return try self.put(key, weight: weight, at: etcd) }
            try etcd.setKey(Self.prefix + key, #"{"weight":\#(weight)}"#)
        }
        try put("web/10.0.0.1:80", weight: 1, at: etcd)
        let files = "ca_file: \(certificates.authority.certificate), cert_file: both.pem, key_file: both.pem"
        let server = try await LookasideProcess(
            configuration: "sources:\n  - etcd: { endpoints: [\(etcd.url)], api: \(api), \(files) }",
            files: ["both.pem": try text(certificates.expiredClient.certificate) + text(certificates.expiredClient.key)]
        )
        try await server.wait("an expired client certificate is named") {
            try await server.source().lastError.contains("the server does not accept our client certificate")
        }
        try server.write("both.pem", text(certificates.client.certificate) + text(certificates.client.key))
        try await server.waitFor("web", ["10.0.0.1:80": 1])
        let client = PickingClient(server, service: "web")
        // A watch looks at its certificates when something arrives, every five seconds at most.
        try server.write("both.pem", text(certificates.otherAuthority.certificate) + text(certificates.otherAuthority.key))
        var weight = 1
        try await server.wait("the watch has gone over to the new certificate") {
            weight += 1
            try put("web/10.0.0.1:80", weight: weight, at: etcd)
            try await Task.sleep(for: .milliseconds(100))
            return try await server.source().lastError.contains("the server does not accept our client certificate")
        }
        try server.write("both.pem", text(certificates.client.certificate) + text(certificates.client.key))
        try put("web/10.0.0.2:80", weight: 2, at: etcd)
        try await server.waitFor("web", ["10.0.0.1:80": Double(weight), "10.0.0.2:80": 2])
        #expect(try await client.stop() == [200])
        if api == "v3" { #expect(try await server.source().lists == 1) }
    }
}
