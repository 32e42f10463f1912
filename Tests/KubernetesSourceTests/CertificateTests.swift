import Discovery
import DiscoveryTestSupport
import Foundation
import HTTPTransport
import TestSupport
import Testing

@testable import KubernetesSource

/// Certificates that are replaced while a watch is open.
struct CertificateTests {
    private let certificates: TestCertificates
    private let server: FakeAPIServer
    private let directory: TemporaryDirectory

    init() throws {
        certificates = try TestCertificates()
        server = try FakeAPIServer()
        server.write(.slice("web-1", of: "web", [FakeAPIServer.Endpoint("10.0.0.1")]))
        directory = try TemporaryDirectory()
        try copy(certificates.authority.certificate, "ca.pem")
        try copy(certificates.client.certificate, "client.pem")
        try copy(certificates.client.key, "client.key")
    }

    private func copy(_ path: String, _ name: String) throws {
        try directory.write(name, try String(contentsOfFile: path, encoding: .utf8))
    }

    private func served(_ proxy: TLSProxy) throws -> ServedKubernetes {
        let tls = HTTPClient.TLSOptions(
            caFile: directory.file("ca.pem"),
            certificateFile: directory.file("client.pem"),
            keyFile: directory.file("client.key")
        )
        return try ServedKubernetes("https://127.0.0.1:\(proxy.port)") { $0.tls = tls }
    }

    @Test func `an authority or a client certificate that is replaced is taken up by a watch that is never silent`() async throws {
        let proxy = try TLSProxy(to: server.port, certificate: certificates.server, clientAuthority: certificates.authority)
        let served = try served(proxy)
        try await served.running {
            let replacements = [
                { try copy(certificates.authority.certificate, "ca.pem") }, { try copy(certificates.client.certificate, "client.pem") },
                { try copy(certificates.client.key, "client.key") },
            ]
            for (count, replace) in replacements.enumerated() {
                try await served.wait { server.watchCount == 1 && server.requests.count { $0.kind == .watch } == count + 1 }
                try await served.waitForWatch()
                served.advance(by: .seconds(6))
                server.advance()
                server.sendBookmarks()
                try await served.wait { served.monitor.status.revision == "\(server.version)" }
                // Nothing was replaced yet.
                #expect(server.watchCount == 1)
                try replace()
                served.advance(by: .seconds(6))
                server.sendBookmarks()
                try await served.wait { server.requests.count { $0.kind == .watch } == count + 2 }
            }
        }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0 && served.monitor.status.reconnects == 0)
    }

    @Test func `the next watch really is under the certificates that there are now`() async throws {
        let proxy = try TLSProxy(to: server.port, certificate: certificates.server, clientAuthority: certificates.authority)
        let served = try served(proxy)
        func replace(_ body: () throws -> Void) async throws -> String {
            try await served.running {
                try await served.wait { server.watchCount == 1 }
                try await served.waitForWatch()
                try body()
                served.advance(by: .seconds(6))
                server.sendBookmarks()
                try await served.wait { served.monitor.status.failures > 0 }
                return served.monitor.status.lastError
            }
        }
        let expired = try await replace {
            try copy(certificates.expiredClient.certificate, "client.pem")
            try copy(certificates.expiredClient.key, "client.key")
        }
        #expect(expired.contains("the server does not accept our client certificate"))
        #expect(served.peers == ["web/10.0.0.1:80": "up"])
        try copy(certificates.client.certificate, "client.pem")
        try copy(certificates.client.key, "client.key")
        server.write(.slice("web-1", of: "web", [FakeAPIServer.Endpoint("10.0.0.2")]))
        try await served.running { try await served.waitFor(["web/10.0.0.2:80": "up"]) }
        #expect(served.monitor.status.lists == 1)
    }
}
