import CMicroHTTPD
import Glibc

/// How long a request's body is and whom it is for, from its headers.
///
/// libmicrohttpd 0.9.75 takes the first of several `Content-Length` headers and prefers `Transfer-Encoding` to both; a proxy in front may choose
/// otherwise, and what one of them takes for body is a request to the other (RFC 9112, 11.2). Such a message is a ``fault``. So is one of
/// HTTP/1.1 without exactly one `Host` (RFC 9112, 3.2): libmicrohttpd's own refusal of it comes with its headers twice.
struct MessageFraming {
    /// The length that `Content-Length` declares; nil without one.
    private(set) var contentLength: Int?
    private var contentLengthCount = 0
    private var transferEncodingCount = 0
    private var hostCount = 0
    private var isChunked = false
    private let isHTTP10: Bool

    /// Reads the headers of the connection's current request; `version` is that of its request line.
    init(of connection: OpaquePointer, version: UnsafePointer<CChar>) {
        isHTTP10 = strcmp(version, "HTTP/1.0") == 0
        _ = withUnsafeMutablePointer(to: &self) { framing in
            MHD_get_connection_values_n(connection, .HEADER_KIND, readFramingHeader, framing)
        }
    }

    /// Whether a body follows the headers.
    var hasBody: Bool {
        transferEncodingCount > 0 || contentLength ?? 0 > 0
    }

    /// What is wrong with the framing, nil if it is unambiguous.
    var fault: String? {
        guard hostCount == 1 || (isHTTP10 && hostCount == 0) else {
            return hostCount == 0 ? "no Host header" : "repeated Host"
        }
        if transferEncodingCount == 0 {
            return contentLengthCount > 1 ? "repeated Content-Length" : nil
        }
        if contentLengthCount > 0 {
            return "both Content-Length and Transfer-Encoding"
        }
        if transferEncodingCount > 1 || !isChunked || isHTTP10 {
            return "Transfer-Encoding other than chunked"
        }
        return nil
    }

    fileprivate mutating func read(name: UnsafePointer<CChar>, count: Int, value: UnsafeBufferPointer<CChar>) {
        if count == 14, strncasecmp(name, "Content-Length", count) == 0 {
            contentLengthCount += 1
            contentLength = Self.number(UnsafeRawBufferPointer(value))
        } else if count == 4, strncasecmp(name, "Host", count) == 0 {
            hostCount += 1
        } else if count == 17, strncasecmp(name, "Transfer-Encoding", count) == 0 {
            transferEncodingCount += 1
            isChunked = value.count == 7 && value.baseAddress.map { strncasecmp($0, "chunked", value.count) } == 0
        }
    }

    /// The decimal number, `Int.max` when it is larger. libmicrohttpd has refused everything but digits.
    private static func number(_ digits: UnsafeRawBufferPointer) -> Int {
        var number = 0
        for digit in digits {
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isOneTooLarge) = product.addingReportingOverflow(Int(digit &- UInt8(ascii: "0")))
            guard !isTooLarge, !isOneTooLarge else {
                return Int.max
            }
            number = sum
        }
        return number
    }
}

/// Called by libmicrohttpd, on the caller's thread, with each header.
private func readFramingHeader(
    _ context: UnsafeMutableRawPointer?,
    _ kind: MHD_ValueKind,
    _ name: UnsafePointer<CChar>?,
    _ nameCount: Int,
    _ value: UnsafePointer<CChar>?,
    _ valueCount: Int
) -> MHD_Result {
    if let name {
        let value = UnsafeBufferPointer(start: value, count: value == nil ? 0 : valueCount)
        context?.assumingMemoryBound(to: MessageFraming.self).pointee.read(name: name, count: nameCount, value: value)
    }
    return .YES
}
