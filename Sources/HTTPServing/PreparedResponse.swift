import CMicroHTTPD

/// A response in the form in which libmicrohttpd sends it, made once and sent any number of times, by any worker.
///
/// Making one copies the body and costs about a microsecond; sending one copies nothing. It may be released while it is being sent: libmicrohttpd keeps
/// its own reference until the last byte has left.
package final class PreparedResponse: Sendable {
    /// The status code.
    package var status: Int { Int(code) }

    // Safe to share: never reassigned, and libmicrohttpd counts references to a response under the response's own lock.
    private nonisolated(unsafe) let handle: OpaquePointer?
    private let code: UInt32

    /// Makes the response ready to send.
    package convenience init(_ response: HTTPResponse) {
        self.init(response, closingConnection: false)
    }

    /// Makes the response ready to send; with `closingConnection` the connection is closed after it and the client is told so.
    init(_ response: HTTPResponse, closingConnection: Bool) {
        code = 200...599 ~= response.status ? UInt32(response.status) : 500
        handle = response.body.withUnsafeBytes { body in
            // The buffer is only read; the parameter lacks its `const` because other modes of this function free it.
            MHD_create_response_from_buffer(body.count, UnsafeMutableRawPointer(mutating: body.baseAddress), .RESPMEM_MUST_COPY)
        }
        for header in response.headers {
            _ = MHD_add_response_header(handle, header.name, header.value)
        }
        if closingConnection {
            _ = MHD_add_response_header(handle, "Connection", "close")
        }
    }

    deinit {
        MHD_destroy_response(handle)
    }

    /// Answers the connection's current request with this response. Only for the thread that runs the connection, in its access handler.
    ///
    /// - Returns: what the access handler has to return: `NO` closes the connection, when the response could not be queued or made (out of memory).
    func queue(on connection: OpaquePointer) -> MHD_Result {
        MHD_queue_response(connection, code, handle)
    }
}
