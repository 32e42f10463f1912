import Foundation

/// Certificates made by the `openssl` command, in a directory that lasts as long as this object.
package final class TestCertificates: Sendable {
    /// Paths of a certificate and its key.
    package struct Pair: Sendable {
        package let certificate: String
        package let key: String

        /// Names two files.
        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Signs the others.
    package let authority: Pair

    /// Signs nothing.
    package let otherAuthority: Pair

    /// For 127.0.0.1.
    package let server: Pair

    /// For 127.0.0.1, until yesterday.
    package let expiredServer: Pair

    /// Signed by `authority`, as all but `otherAuthority`.
    package let client: Pair

    /// Signed by `authority`, until yesterday.
    package let expiredClient: Pair

    /// The key of `client` under a passphrase.
    package let encryptedClientKey: String

    private let directory: URL

    /// Makes them all.
    package init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "lookaside-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        self.directory = directory

        func path(_ name: String) -> String {
            directory.appending(path: name).path
        }
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        func selfSigned(_ name: String) throws -> Pair {
            let pair = Pair(certificate: path("\(name).pem"), key: path("\(name).key"))
            try Self.openssl(["req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-keyout", pair.key, "-out", pair.certificate] + newKey)
            return pair
        }
        func signed(_ name: String, by authority: Pair, days: Int) throws -> Pair {
            let pair = Pair(certificate: path("\(name).pem"), key: path("\(name).key"))
            let request = path("\(name).csr")
            try Self.openssl(
                ["req", "-new", "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pair.key, "-out", request] + newKey
            )
            try Self.openssl(
                ["x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"]
                    + ["-days", "\(days)", "-copy_extensions", "copy", "-out", pair.certificate]
            )
            return pair
        }

        authority = try selfSigned("authority")
        otherAuthority = try selfSigned("other-authority")
        server = try signed("server", by: authority, days: 2)
        expiredServer = try signed("expired-server", by: authority, days: -1)
        client = try signed("client", by: authority, days: 2)
        expiredClient = try signed("expired-client", by: authority, days: -1)
        encryptedClientKey = path("client-encrypted.key")
        try Self.openssl(["pkey", "-in", client.key, "-aes256", "-passout", "pass:secret", "-out", encryptedClientKey])
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
    }

    /// An `openssl` command that did not succeed.
    package struct Failure: Error {
        package let arguments: [String]
    }
}
