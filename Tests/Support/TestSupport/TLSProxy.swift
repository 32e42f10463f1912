import Foundation

/// A process that speaks TLS to its clients and forwards what they say, in the clear, to a port of this machine; ends with this object.
///
/// Written in Python, whose `ssl` module is OpenSSL.
package final class TLSProxy {
    /// The port on 127.0.0.1.
    package let port: UInt16

    private let process = Process()

    private static let program = """
        import asyncio, signal, ssl, sys

        upstream, certificate, key, authority = int(sys.argv[1]), *sys.argv[2:5]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority)

        def load():
            context.load_cert_chain(certificate, key)

        async def pump(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()

        async def serve(reader, writer):
            try:
                upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", upstream)
            except OSError:
                writer.close()
                return
            await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))

        async def main():
            load()
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, load)
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()

        asyncio.run(main())
        """

    /// Starts a proxy to a port and waits until it listens; with a `clientAuthority` it demands a certificate signed by that.
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

    /// Has it read its certificate again, for the connections that come from now on.
    package func reload() {
        kill(process.processIdentifier, SIGHUP)
    }

    /// It ended before it listened.
    package struct Failure: Error {}
}
