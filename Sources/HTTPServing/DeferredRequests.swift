import CMicroHTTPD
import Dispatch
import Synchronization

/// The requests whose connections are suspended while builder threads of one priority make their answers.
///
/// libmicrohttpd does not time a suspended connection out, does not see its client go, and aborts the process when it is stopped with one. So each
/// has a deadline here, until which its work must have begun, and all can be resumed at once. Work that has begun is waited for: a client told to
/// try again may do so without having everything done twice. Leaving the set and being resumed are one step under one lock: nothing is resumed twice, and
/// nothing after ``close()``.
final class DeferredRequests: Sendable {
    /// Makes an answer, on a builder thread.
    typealias Work = @Sendable () -> PreparedResponse

    // Safe to send: libmicrohttpd takes its own lock to suspend and to resume, and a connection lives at least as long as it is suspended.
    private struct Connection: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private struct Suspended {
        let answer: DeferredAnswer
        let connection: Connection
        let deadline: DispatchTime
        var hasBegun = false
    }

    private struct Job {
        let answer: DeferredAnswer
        let work: Work
    }

    private struct State {
        var suspended: [ObjectIdentifier: Suspended] = [:]
        /// The work that no builder has begun, oldest first.
        var waiting: [Job] = []
        /// How much work builders have in hand.
        var begun = 0
        var idleBuilders: [DispatchQueue]
        var isTimerSet = false
        var isClosed = false

        mutating func resume(_ answer: DeferredAnswer, with outcome: DeferredAnswer.Outcome) {
            guard let suspended = suspended.removeValue(forKey: ObjectIdentifier(answer)) else {
                return
            }
            answer.set(outcome)
            MHD_resume_connection(suspended.connection.pointer)
        }
    }

    private let state: Mutex<State>
    private let timer = DispatchQueue(label: "http-deadlines")
    private let unfinishedLimit: Int
    private let deadline: DispatchTimeInterval

    /// Creates an empty set for work of one priority.
    init(_ priority: HTTPReply.Priority, _ configuration: HTTPServer.Configuration) {
        // Each serial queue has a thread when it needs one. A concurrent queue has no more threads at a time than there are cores, for all such queues of
        // the process together, and work that is stuck would keep them.
        // On Linux the threads of background queues have a "nice" value of 10 (`sched(7)`): beside a busy thread of the same core they get a tenth of the
        // time, and a worker that wakes up need not wait for the end of their turn. Less would not do: they may hold a lock that a worker waits for.
        let qos: DispatchQoS = priority == .low ? .background : .default
        let builders = (0..<max(1, configuration.builderThreads)).map { DispatchQueue(label: "http-builder-\($0)", qos: qos) }
        state = Mutex(State(idleBuilders: builders))
        unfinishedLimit = builders.count + configuration.deferredLimit
        deadline = .milliseconds(Int(configuration.deferredDeadline / .milliseconds(1)))
    }

    /// Suspends the connection, which is resumed when its answer has an outcome. Only for its worker thread, in the access handler.
    ///
    /// - Returns: nil when too much work waits already, or the set is closed: then the connection is not suspended.
    func suspend(_ connection: OpaquePointer, work: @escaping Work) -> DeferredAnswer? {
        let connection = Connection(pointer: connection)
        let answer = DeferredAnswer()
        let deadline = DispatchTime.now() + deadline
        enum Decision {
            case refused
            case suspended(newBuilder: DispatchQueue?, needsTimer: Bool)
        }
        let decision = state.withLock { state -> Decision in
            guard !state.isClosed, state.waiting.count + state.begun < unfinishedLimit else {
                return .refused
            }
            MHD_suspend_connection(connection.pointer)
            state.suspended[ObjectIdentifier(answer)] = Suspended(answer: answer, connection: connection, deadline: deadline)
            state.waiting.append(Job(answer: answer, work: work))
            defer {
                state.isTimerSet = true
            }
            return .suspended(newBuilder: state.idleBuilders.popLast(), needsTimer: !state.isTimerSet)
        }
        guard case .suspended(let newBuilder, let needsTimer) = decision else {
            return nil
        }
        if let newBuilder {
            newBuilder.async { self.build(on: newBuilder) }
        }
        if needsTimer {
            setTimer(deadline)
        }
        return answer
    }

    /// Forgets an answer whose connection is gone.
    func abandon(_ answer: DeferredAnswer) {
        _ = state.withLock { $0.suspended.removeValue(forKey: ObjectIdentifier(answer)) }
    }

    /// Resumes every connection, as overloaded, and refuses all that come later. Idempotent. When it has returned, no connection is suspended.
    func close() {
        // Work that has not begun is released outside the lock: its captured values may run any code.
        let unfinished = state.withLock { state in
            state.isClosed = true
            for suspended in state.suspended.values {
                state.resume(suspended.answer, with: .overloaded)
            }
            let waiting = state.waiting
            state.waiting = []
            return waiting
        }
        withExtendedLifetime(unfinished) {}
    }

    /// Runs on a builder's thread until no work waits.
    private func build(on builder: DispatchQueue) {
        while let job = nextJob(for: builder) {
            let response = job.work()
            state.withLock { state in
                state.begun -= 1
                state.resume(job.answer, with: .response(response))
            }
        }
    }

    /// The oldest work that waits; without any, the builder becomes idle.
    private func nextJob(for builder: DispatchQueue) -> Job? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.idleBuilders.append(builder)
                return nil
            }
            state.begun += 1
            let job = state.waiting.removeFirst()
            state.suspended[ObjectIdentifier(job.answer)]?.hasBegun = true
            return job
        }
    }

    private func setTimer(_ deadline: DispatchTime) {
        timer.asyncAfter(deadline: deadline) { [weak self] in
            self?.expire()
        }
    }

    /// Resumes the requests whose work has not begun by its deadline, and sets the timer for the next.
    private func expire() {
        let (next, expired) = state.withLock { state -> (DispatchTime?, [Job]) in
            let now = DispatchTime.now()
            for suspended in state.suspended.values where !suspended.hasBegun && suspended.deadline <= now {
                state.resume(suspended.answer, with: .overloaded)
            }
            let live = state.suspended
            let expired = state.waiting.filter { live[ObjectIdentifier($0.answer)] == nil }
            state.waiting.removeAll { live[ObjectIdentifier($0.answer)] == nil }
            let next = live.values.filter { !$0.hasBegun }.map(\.deadline).min()
            state.isTimerSet = next != nil
            return (next, expired)
        }
        withExtendedLifetime(expired) {}
        if let next {
            setTimer(next)
        }
    }
}
