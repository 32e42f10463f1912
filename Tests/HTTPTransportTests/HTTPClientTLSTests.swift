import FoundationEssentials
import HTTPTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTLSTests {
    private let certificates: TestCertificates
    private let client: HTTPClient

    init() throws {
        certificates = try TestCertificates()
        client = try HTTPClient()
    }

    private func get(_ url: String, _ tls: HTTPClient.TLSOptions) async throws -> HTTPClient.Response {
        try await client.send(.init(url: url, tls: tls), timeout: .seconds(10))
    }

    private func failure(_ url: String, _ tls: HTTPClient.TLSOptions) async -> HTTPTransportError? {
        await #expect(throws: HTTPTransportError.self) { try await get(url, tls) }
    }

    @Test func `a server signed by the given authority is trusted`() async throws {
        let server = try OpenSSLServer(certificate: certificates.server)
        let response = try await get("https://127.0.0.1:\(server.port)/", .init(caFile: certificates.authority.certificate))
        #expect(response.status == 200)
    }

    @Test func `a server's certificate that is not trusted, for another name, or expired is named`() async throws {
        let server = try OpenSSLServer(certificate: certificates.server)
        let untrusted = await failure("https://127.0.0.1:\(server.port)/", .init())
        #expect(untrusted?.code == .certificateNotTrusted)
        #expect(untrusted?.isRetriable == false)
        let otherAuthority = await failure("https://127.0.0.1:\(server.port)/", .init(caFile: certificates.otherAuthority.certificate))
        #expect(otherAuthority?.code == .certificateNotTrusted)
        let wrongName = await failure("https://localhost:\(server.port)/", .init(caFile: certificates.authority.certificate))
        #expect(wrongName?.code == .certificateWrongHostName)

        let expiredServer = try OpenSSLServer(certificate: certificates.expiredServer)
        let expired = await failure("https://127.0.0.1:\(expiredServer.port)/", .init(caFile: certificates.authority.certificate))
        #expect(expired?.code == .certificateExpired)
    }

    @Test func `trust given to one request is not lent to another`() async throws {
        let server = try OpenSSLServer(certificate: certificates.server)
        let url = "https://127.0.0.1:\(server.port)/"
        #expect(try await get(url, .init(caFile: certificates.authority.certificate)).status == 200)
        #expect(await failure(url, .init(caFile: certificates.otherAuthority.certificate))?.code == .certificateNotTrusted)
        #expect(try await get(url, .init(caFile: certificates.authority.certificate)).status == 200)
    }

    @Test func `a client certificate that is demanded decides`() async throws {
        let server = try OpenSSLServer(certificate: certificates.server, clientAuthority: certificates.authority)
        let url = "https://127.0.0.1:\(server.port)/"
        let caFile = certificates.authority.certificate
        let client = certificates.client

        let accepted = try await get(url, .init(caFile: caFile, certificateFile: client.certificate, keyFile: client.key))
        #expect(accepted.status == 200)
        // By its code where the server's alert arrives before the end of the connection, which is a race; by its words always.
        let words = "the server does not accept our client certificate, or we sent none"
        #expect(await failure(url, .init(caFile: caFile))?.message.contains(words) == true)
        let stranger = certificates.otherAuthority
        let refused = await failure(url, .init(caFile: caFile, certificateFile: stranger.certificate, keyFile: stranger.key))
        #expect(refused?.message.contains(words) == true)
    }

    @Test func `certificates and keys may be given as text`() async throws {
        func content(_ path: String) throws -> HTTPClient.PEM { .content(Array(try String(contentsOfFile: path, encoding: .utf8).utf8)) }
        let server = try OpenSSLServer(certificate: certificates.server, clientAuthority: certificates.authority)
        let url = "https://127.0.0.1:\(server.port)/"
        let client = certificates.client
        let options = HTTPClient.TLSOptions(
            authorities: try content(certificates.authority.certificate),
            certificate: try content(client.certificate),
            key: try content(client.key)
        )
        #expect(try await get(url, options).status == 200)
        #expect(options.fileStamps.isEmpty)
        var untrusting = options
        untrusting.authorities = try content(certificates.otherAuthority.certificate)
        #expect(await failure(url, untrusting)?.code == .certificateNotTrusted)
        var garbled = options
        garbled.key = .content(Array("no key".utf8))
        let refused = await failure(url, garbled)
        #expect(refused?.code == .clientCertificateUnusable && refused?.message.contains("no key") == false)
        #expect(!"\(options)".contains("PRIVATE"))
    }

    @Test func `our own files that cannot be used are named`() async throws {
        let server = try OpenSSLServer(certificate: certificates.server)
        let url = "https://127.0.0.1:\(server.port)/"
        #expect(await failure(url, .init(caFile: "/does/not/exist"))?.code == .certificateAuthorityUnusable)
        #expect(await failure(url, .init(caFile: certificates.server.key))?.code == .certificateAuthorityUnusable)

        let caFile = certificates.authority.certificate
        let client = certificates.client
        let missing = await failure(url, .init(caFile: caFile, certificateFile: "/does/not/exist"))
        #expect(missing?.code == .clientCertificateUnusable)
        let otherKey = await failure(url, .init(caFile: caFile, certificateFile: client.certificate, keyFile: certificates.server.key))
        #expect(otherKey?.code == .clientCertificateUnusable)
        let encrypted = await failure(
            url,
            .init(caFile: caFile, certificateFile: client.certificate, keyFile: certificates.encryptedClientKey)
        )
        #expect(encrypted?.code == .clientCertificateUnusable)
    }

    @Test func `TLS to a plain port and plain HTTP to a TLS port are errors, never a fallback`() async throws {
        let plain = try ScriptedHTTPServer { connection in
            try? connection.respond(status: 400, body: "no TLS here")
            try connection.waitForClose()
        }
        defer { plain.stop() }
        let toPlain = await failure("https://127.0.0.1:\(plain.port)/", .init())
        #expect(toPlain?.code == .notTLS)

        // As a TLS server answers what is no handshake: a fatal alert.
        let alerting = try ScriptedHTTPServer { connection in
            _ = try connection.receiveRequest()
            try connection.send([21, 3, 3, 0, 2, 2, 10])
        }
        defer { alerting.stop() }
        let toTLS = await failure(alerting.url, .init())
        #expect(toTLS?.code == .protocolError)
        #expect(toTLS?.message.contains("https://") == true)
    }
}
