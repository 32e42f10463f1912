internal import Dispatch

/// Runs an actor outside Swift's pool of threads, of which there are only as many as cores: what takes long here holds up nobody else.
package final class ThreadExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// Makes an executor; `label` is the name of its threads.
    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    /// Runs a job of the actor.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
