import Foundation

/// A process that speaks TLS to its clients and forwards what they say, in the clear, to a port of this machine; ends with this object.
///
/// Written in Python, whose `ssl` module is OpenSSL.
package final class TLSProxy {
    /// The port on 127.0.0.1.
    package let port: UInt16

    private let process = Process()

    private static let program = """
        import select, socket, ssl, sys, threading

        upstream, certificate, key, authority = int(sys.argv[1]), *sys.argv[2:5]

        def context():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            if authority:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(authority)
            return context

        def serve(client):
            # Not with asyncio, which ends a failed handshake without telling the client why.
            try:
                with client, context().wrap_socket(client, server_side=True) as tls, socket.create_connection(("127.0.0.1", upstream)) as plain:
                    while True:
                        for source in [tls] if tls.pending() else select.select([tls, plain], [], [])[0]:
                            data = source.recv(65536)
                            if not data:
                                return
                            (plain if source is tls else tls).sendall(data)
            except OSError:
                pass

        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """

    /// Starts a proxy to a port and waits until it listens. The certificate is read for each connection. With a `clientAuthority` it demands a certificate signed by that.
    package init(to upstream: UInt16, certificate: TestCertificates.Pair, clientAuthority: TestCertificates.Pair? = nil) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", Self.program, "\(upstream)", certificate.certificate, certificate.key, clientAuthority?.certificate ?? "",
        ]
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure() }
            text += String(decoding: data, as: UTF8.self)
        }
        guard let port = UInt16(text.dropLast()) else { throw Failure() }
        self.port = port
    }

    deinit {
        // A child of a Dispatch thread inherits its mask, which blocks SIGTERM.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// It ended before it listened.
    package struct Failure: Error {}
}
