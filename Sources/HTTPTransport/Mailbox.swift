import CLinux
import Glibc
import Synchronization

/// Commands from any thread to the loop's, with an eventfd that wakes it.
final class Mailbox: Sendable {
    enum Command: Sendable {
        /// Begin a transfer.
        case start(Job)
        /// End a transfer with `cancelled`, if it still runs.
        case cancel(Job.ID)
        /// The consumer of a paused stream took what was there.
        case resume(Job.ID)
        /// End every transfer and the thread.
        case shutDown
    }

    private struct State {
        var commands: [Command] = []
        var isOpen = true
        var isFinished = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// The eventfd: readable exactly while there are commands.
    let descriptor: CInt

    private let state = Mutex(State())

    init() throws(HTTPTransportError) {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw HTTPTransportError(systemCall: "eventfd", errno)
        }
    }

    deinit {
        if state.withLock({ $0.isOpen }) {
            Glibc.close(descriptor)
        }
    }

    /// Leaves a command; false when nobody will read it any more.
    @discardableResult
    func post(_ command: Command) -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            state.commands.append(command)
            if state.commands.count == 1 {
                eventfd_write(descriptor, 1)
            }
            return true
        }
    }

    /// Takes all commands, oldest first. For the loop's thread.
    func take() -> [Command] {
        state.withLock { state in
            guard !state.commands.isEmpty else { return [] }
            var count: eventfd_t = 0
            eventfd_read(descriptor, &count)
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Accepts no more commands and gives those still there. For the loop's thread, once.
    func close() -> [Command] {
        state.withLock { state in
            state.isOpen = false
            Glibc.close(descriptor)
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Says that the loop is gone, and all that it owned.
    func finish() {
        let waiters = state.withLock { state in
            state.isFinished = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.resume()
        }
    }

    /// Returns once `finish` was called.
    func waitUntilFinished() async {
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                if !state.isFinished {
                    state.waiters.append(continuation)
                }
                return state.isFinished
            }
            if isFinished {
                continuation.resume()
            }
        }
    }
}

extension HTTPTransportError {
    /// The client cannot start because the system refuses what it needs.
    init(systemCall: String, _ number: CInt) {
        self.init(.resourceExhausted, operation: "start the HTTP client", message: "\(systemCall): \(String(cString: strerror(number)))")
    }
}
