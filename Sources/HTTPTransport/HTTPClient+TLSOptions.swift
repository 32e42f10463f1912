internal import Glibc

extension HTTPClient {
    /// The certificates of one request: whom to trust, and who we are.
    ///
    /// They belong to the request because one client serves all sources. Files are PEM and read for each request, and connections are
    /// shared only between requests for which they held the same: a renewed file takes effect with the next request, and needs no restart.
    /// A stream that is open goes on with what it began with: compare `fileStamps`.
    package struct TLSOptions: Sendable, Hashable {
        /// Certificates to trust, and then no others; nil: the system's.
        package var caFile: String?

        /// Our certificate, with its chain; nil: none.
        package var certificateFile: String?

        /// The key of `certificateFile`, not encrypted; nil: it is in the same file.
        package var keyFile: String?

        /// Makes options; the default trusts the system's authorities and presents no certificate.
        package init(caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
            self.caFile = caFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }

        /// What tells whether a file was replaced or written to: one for each file that is named, `nil` for one that is not there.
        package var fileStamps: [FileStamp?] {
            [caFile, certificateFile, keyFile].compactMap(\.self).map { FileStamp(path: $0) }
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
