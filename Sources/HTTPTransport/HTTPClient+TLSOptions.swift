internal import Glibc

extension HTTPClient {
    /// The certificates of one request: whom to trust, and who we are.
    ///
    /// They belong to the request because one client serves all sources. Files are read for each request, and connections are
    /// shared only between requests for which they held the same: a renewed file takes effect with the next request, and needs no restart.
    /// A stream that is open goes on with what it began with: compare `fileStamps`.
    package struct TLSOptions: Sendable, Hashable {
        /// Certificates to trust, and then no others; nil: the system's.
        package var authorities: PEM?

        /// Our certificate, with its chain; nil: none.
        package var certificate: PEM?

        /// The key of `certificate`, not encrypted; nil: it is in the same place.
        package var key: PEM?

        /// Makes options; the default trusts the system's authorities and presents no certificate.
        package init(authorities: PEM? = nil, certificate: PEM? = nil, key: PEM? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }

        /// Makes options of files.
        package init(caFile: String?, certificateFile: String? = nil, keyFile: String? = nil) {
            self.init(authorities: caFile.map { .file($0) }, certificate: certificateFile.map { .file($0) }, key: keyFile.map { .file($0) })
        }

        /// What tells whether a file was replaced or written to: one for each file that is named, `nil` for one that is not there.
        package var fileStamps: [FileStamp?] {
            [authorities, certificate, key].compactMap { $0?.path }.map { FileStamp(path: $0) }
        }

        /// The identity of a file and of its content, as `stat(2)` tells them.
        package struct FileStamp: Sendable, Equatable {
            private let numbers: [Int]

            init?(path: String) {
                var status = stat()
                guard stat(path, &status) == 0 else { return nil }
                numbers = [
                    Int(bitPattern: UInt(status.st_dev)), Int(bitPattern: UInt(status.st_ino)), Int(status.st_size),
                    status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                ]
            }
        }
    }
}
