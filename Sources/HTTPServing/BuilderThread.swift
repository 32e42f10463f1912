internal import CLinux
internal import CMicroHTTPD
internal import Glibc

/// A thread that does deferred work of one priority.
///
/// One of low priority has the lowest "nice" value (`sched(7)`): beside a busy thread of the same core it gets a seventieth of the time, and a worker that
/// wakes up need not wait for the end of its turn. It is not of the class `SCHED_IDLE`, which a busy machine leaves next to nothing.
enum BuilderThread {
    private static let lowestPriority: CInt = 19

    private final class Life: Sendable {
        let priority: HTTPReply.Priority
        let body: @Sendable () -> Void

        init(_ priority: HTTPReply.Priority, _ body: @escaping @Sendable () -> Void) {
            self.priority = priority
            self.body = body
        }
    }

    /// Starts one, which ends when the closure returns.
    ///
    /// - Throws: when the system refuses it.
    static func start(_ priority: HTTPReply.Priority, _ body: @escaping @Sendable () -> Void) throws(HTTPServerError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        let life = Unmanaged.passRetained(Life(priority, body))
        var thread = pthread_t()
        let result = pthread_create(&thread, &attributes, { BuilderThread.live($0) }, life.toOpaque())
        guard result == 0 else {
            life.release()
            throw HTTPServerError(.cannotStart, "cannot start a thread: \(String(cString: strerror(result)))")
        }
    }

    private static func live(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let life = Unmanaged<Life>.fromOpaque(context).takeRetainedValue()
        CLinux_set_thread_name("http-builder")
        // On Linux a thread has a value of its own, and 0 stands for the one that calls: `setpriority(2)`. To give way is always allowed.
        if life.priority == .low { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, lowestPriority) }
        life.body()
        return nil
    }
}
