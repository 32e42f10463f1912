import Foundation
import TestSupport

/// `openssl s_server`, which answers every request with a page about the connection; ended with this object.
final class OpenSSLServer {
    /// The port on 127.0.0.1.
    let port: Int

    private let process = Process()

    /// Starts the server and waits until it listens; with a `clientAuthority` it demands a certificate signed by that.
    init(certificate: TestCertificates.Pair, clientAuthority: TestCertificates.Pair? = nil) throws {
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments =
            ["s_server", "-www", "-accept", "127.0.0.1:0", "-cert", certificate.certificate, "-key", certificate.key]
            + (clientAuthority.map { ["-Verify", "1", "-verify_return_error", "-CAfile", $0.certificate] } ?? [])
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()

        // "ACCEPT 127.0.0.1:43211"
        var text = ""
        while true {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure(output: text) }
            text += String(decoding: data, as: UTF8.self)
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("ACCEPT ") }), text.hasSuffix("\n"),
                let port = line.split(separator: ":").last.flatMap({ Int($0) })
            else { continue }
            self.port = port
            return
        }
    }

    deinit {
        // A child of a Dispatch thread inherits its mask, which blocks SIGTERM.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The server ended before it listened.
    struct Failure: Error {
        let output: String
    }
}
