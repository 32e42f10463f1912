import Foundation
import HTTPTransport
import TestSupport
import Testing

/// Certificates and tokens of the real server over a small API server that speaks TLS: what is wrong is named, and picks go on.
struct KubernetesSecurityTests {
    private typealias Endpoint = FakeAPIServer.Endpoint

    private let certificates: TestCertificates
    private let cluster: FakeAPIServer

    init() throws {
        certificates = try TestCertificates()
        cluster = try FakeAPIServer()
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.1")]))
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Waits until what is wrong is shown in `/stats` and `/readyz`.
    private func waitFor(_ complaint: String, _ server: LookasideProcess) async throws {
        struct ReadyBody: Decodable {
            struct Degraded: Decodable {
                let lastError: String

                enum CodingKeys: String, CodingKey { case lastError = "last_error" }
            }

            let degraded: [Degraded]?
        }

        var last = ""
        try await server.wait(complaint, within: .seconds(30)) {
            last = try await server.source().lastError
            return last.contains(complaint)
        }
        try await server.wait("/readyz to say it") {
            let answer = try await server.get("/readyz")
            let degraded = try JSONDecoder().decode(ReadyBody.self, from: Data(answer.body)).degraded?.first
            return answer.status == 200 && degraded?.lastError.contains(complaint) == true
        }
    }

    @Test func `every fault of certificates, tokens and roles has its own words, and picks go on`() async throws {
        let files = try TemporaryDirectory()
        let pair = TestCertificates.Pair(certificate: files.file("server.pem"), key: files.file("server.key"))
        func present(_ certificate: TestCertificates.Pair) throws {
            try files.write("server.pem", try text(certificate.certificate))
            try files.write("server.key", try text(certificate.key))
        }
        try present(certificates.server)
        let proxy = try TLSProxy(to: cluster.port, certificate: pair)
        cluster.accept(["good"])

        func kubeconfig(host: String = "127.0.0.1") -> String {
            """
            current-context: test
            contexts: [{ name: test, context: { cluster: test, user: test, namespace: lab } }]
            clusters: [{ name: test, cluster: { server: "https://\(host):\(proxy.port)", certificate-authority: ca.pem } }]
            users: [{ name: test, user: { tokenFile: token } }]
            """
        }
        let server = try await LookasideProcess(
            configuration: "sources:\n  - kubernetes: { kubeconfig: config, empty_guard: 0 }",
            files: ["config": kubeconfig(), "ca.pem": try text(certificates.authority.certificate), "token": "good\n"]
        )
        try await server.waitFor("web", ["10.0.0.1:80": 100])
        let client = PickingClient(server, service: "web", pause: .milliseconds(2))

        /// Makes something wrong, waits for the complaint, makes it right again, and waits until it is.
        var round = 1
        func check(_ complaint: String, _ spoil: () throws -> Void, _ repair: () throws -> Void) async throws {
            // Then every connection is cut, so that the next one meets what is spoiled.
            try spoil()
            cluster.stop()
            try cluster.start()
            try await waitFor(complaint, server)
            try repair()
            round += 1
            cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.\(round)")]))
            try await server.waitFor("web", ["10.0.0.\(round):80": 100], within: .seconds(45))
            #expect(try await server.source().lastError.isEmpty)
        }

        try await check("the server's certificate is not signed by a trusted authority") {
            try server.write("ca.pem", try text(certificates.otherAuthority.certificate))
        } _: {
            try server.write("ca.pem", try text(certificates.authority.certificate))
        }
        try await check("the file of trusted certificates cannot be used") {
            try server.write("ca.pem", "no certificate")
        } _: {
            try server.write("ca.pem", try text(certificates.authority.certificate))
        }
        try await check("the server's certificate has expired") {
            try present(certificates.expiredServer)
        } _: {
            try present(certificates.server)
        }
        try await check("the server's certificate is made out to another host name") {
            try server.write("config", kubeconfig(host: "localhost"))
        } _: {
            try server.write("config", kubeconfig())
        }
        try await check("does not know the token in \(server.directory.path)/token (status 401)") {
            try server.write("token", "bad\n")
        } _: {
            try server.write("token", "good\n")
        }
        try await check("this needs a role that may list and watch endpointslices in namespace lab (status 403)") {
            cluster.onRequest { _ in .status(403, "Forbidden", "endpointslices is forbidden") }
        } _: {
            cluster.onRequest(nil)
        }
        try await check("user test: exec is not supported") {
            try server.write("config", kubeconfig().replacing("tokenFile: token", with: "exec: { command: login }"))
        } _: {
            try server.write("config", kubeconfig())
        }
        #expect(try await client.stop() == [200])
        #expect(!server.log.contains("good") && !server.log.contains("bad\n"))
    }

    @Test func `a token that is rotated all the time, as Kubernetes mounts it, fails no session`() async throws {
        let proxy = try TLSProxy(to: cluster.port, certificate: certificates.server)
        let mounted = try TemporaryDirectory()
        func mount(_ number: Int) throws {
            try mounted.write("v\(number)/token", "token-\(number)")
            try mounted.link("..data", to: "v\(number)")
        }
        try mount(0)
        try mounted.link("token", to: "..data/token")
        cluster.accept(["token-0"])
        let server = try await LookasideProcess(
            configuration: """
                sources:
                  - kubernetes:
                      server: https://127.0.0.1:\(proxy.port)
                      namespace: lab
                      token_file: \(mounted.file("token"))
                      ca_file: \(certificates.authority.certificate)
                """
        )
        try await server.waitFor("web", ["10.0.0.1:80": 100])
        for number in 1...20 {
            // The last one is refused as soon as the next one is mounted.
            cluster.accept(["token-\(number - 1)", "token-\(number)"])
            try mount(number)
            cluster.accept(["token-\(number)"])
            cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.1.\(number)")]))
            try await server.waitFor("web", ["10.0.1.\(number):80": 100])
            let watches = cluster.requests.count { $0.kind == .watch }
            cluster.endWatches()
            try await server.wait("the next watch") { cluster.requests.count { $0.kind == .watch } > watches }
        }
        let source = try await server.source()
        #expect(source.lists == 1 && source.lastError.isEmpty)
        #expect(!server.log.contains("source failed"))
    }

    @Test func `a client certificate and its key may be in the kubeconfig file, and are taken up when they are replaced`() async throws {
        let proxy = try TLSProxy(to: cluster.port, certificate: certificates.server, clientAuthority: certificates.authority)
        func data(_ path: String) throws -> String { Data(try text(path).utf8).base64EncodedString() }
        func kubeconfig(_ client: TestCertificates.Pair) throws -> String {
            """
            {"current-context": "test", "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "lab"}}],
             "clusters": [{"name": "test", "cluster": {"server": "https://127.0.0.1:\(proxy.port)",
               "certificate-authority-data": "\(try data(certificates.authority.certificate))"}}],
             "users": [{"name": "test", "user": {"client-certificate-data": "\(try data(client.certificate))",
               "client-key-data": "\(try data(client.key))"}}]}
            """
        }
        let server = try await LookasideProcess(
            configuration: "sources:\n  - kubernetes: { kubeconfig: config }",
            files: ["config": try kubeconfig(certificates.expiredClient)]
        )
        try await server.wait("a refused client certificate to be named") {
            try await server.source().lastError.contains("the server does not accept our client certificate")
        }
        try server.write("config", try kubeconfig(certificates.client))
        try await server.waitFor("web", ["10.0.0.1:80": 100], within: .seconds(45))
        // One that expires is named, and picks go on.
        let client = PickingClient(server, service: "web", pause: .milliseconds(2))
        try server.write("config", try kubeconfig(certificates.expiredClient))
        cluster.stop()
        try cluster.start()
        try await waitFor("the server does not accept our client certificate", server)
        try server.write("config", try kubeconfig(certificates.client))
        cluster.write(.slice("web-1", of: "web", [Endpoint("10.0.0.2")]))
        try await server.waitFor("web", ["10.0.0.2:80": 100], within: .seconds(45))
        #expect(try await client.stop() == [200])
        #expect(!server.log.contains("PRIVATE KEY"))
    }
}
