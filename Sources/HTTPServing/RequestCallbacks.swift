import CMicroHTTPD

/// libmicrohttpd's access handler: called on the connection's worker thread, two times or more for each request. `cls` is the dispatcher, unretained: it
/// outlives the daemon. The context pointer is nil, then the dispatcher again (a request without state) or a retained ``RequestState``, which
/// ``requestCompleted(_:_:_:_:)`` releases.
func handleAccess(
    _ cls: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ target: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?,
    _ bodyPart: UnsafePointer<CChar>?,
    _ bodyPartCount: UnsafeMutablePointer<Int>?,
    _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let cls, let connection, let target, let method, let version, let bodyPartCount, let context else {
        return .NO
    }
    // The workers share the dispatcher: counting references to it would have them fight for its cache line.
    return Unmanaged<RequestDispatcher>.fromOpaque(cls)._withUnsafeGuaranteedRef { dispatcher in
        guard let current = context.pointee else {
            return dispatcher.begin(connection, target: target, method: method, version: version, context: context, mark: cls)
        }
        guard current != cls else {
            return dispatcher.answer(connection, target: target, method: method, context: context)
        }
        let state = Unmanaged<RequestState>.fromOpaque(current).takeUnretainedValue()
        guard bodyPartCount.pointee == 0 else {
            let part = UnsafeRawBufferPointer(start: bodyPart, count: bodyPartCount.pointee)
            return dispatcher.receive(connection, part, untaken: bodyPartCount, state: state)
        }
        return dispatcher.proceed(connection, target: target, method: method, state: state, context: context)
    }
}

/// Called by libmicrohttpd on the connection's worker thread, once for each request that the access handler has seen.
func requestCompleted(
    _ cls: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ reason: MHD_RequestTerminationCode
) {
    guard let cls else {
        return
    }
    Unmanaged<RequestDispatcher>.fromOpaque(cls)._withUnsafeGuaranteedRef { dispatcher in
        if let current = context?.pointee, current != cls {
            dispatcher.complete(Unmanaged<RequestState>.fromOpaque(current).takeRetainedValue())
        } else {
            dispatcher.complete(nil)
        }
    }
}

/// Called by the log shim on any of libmicrohttpd's threads, and on the one that starts or stops it.
func writeLog(_ context: UnsafeMutableRawPointer?, _ message: UnsafePointer<CChar>?) {
    guard let context, let message else {
        return
    }
    Unmanaged<RequestDispatcher>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.log(String(cString: message)) }
}
