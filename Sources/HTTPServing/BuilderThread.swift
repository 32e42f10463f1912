internal import CLinux
internal import CMicroHTTPD
internal import Glibc

/// A thread that does deferred work of one priority.
///
/// One of low priority has a higher "nice" value (`sched(7)`): beside a busy thread of the same core it gets a tenth of the time, and a worker that wakes
/// up need not wait for the end of its turn. It gets no less than that: it may hold a lock that a worker waits for.
enum BuilderThread {
    private static let niceness: CInt = 10

    private final class Life: Sendable {
        let priority: HTTPReply.Priority
        let log: @Sendable (String) -> Void
        let body: @Sendable () -> Void

        init(_ priority: HTTPReply.Priority, _ log: @escaping @Sendable (String) -> Void, _ body: @escaping @Sendable () -> Void) {
            self.priority = priority
            self.log = log
            self.body = body
        }
    }

    /// Starts one, which ends when the closure returns.
    ///
    /// - Parameter log: takes the message that the system refuses the low priority; then the thread has the normal one.
    /// - Throws: when the system refuses the thread.
    static func start(
        _ priority: HTTPReply.Priority,
        log: @escaping @Sendable (String) -> Void,
        _ body: @escaping @Sendable () -> Void
    ) throws(HTTPServerError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        let life = Unmanaged.passRetained(Life(priority, log, body))
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
        if life.priority == .low { lower(life.log) }
        life.body()
        return nil
    }

    /// Lowers the priority of the calling thread.
    private static func lower(_ log: (String) -> Void) {
        // On Linux each thread has its own, and 0 stands for the one that calls: `setpriority(2)`. Only a sandbox refuses to give way.
        let process = __priority_which_t(PRIO_PROCESS.rawValue)
        if setpriority(process, 0, min(getpriority(process, 0) + niceness, 19)) != 0 {
            log("a builder thread keeps its priority: \(String(cString: strerror(errno)))")
        }
    }
}
