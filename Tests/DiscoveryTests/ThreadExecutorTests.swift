import Discovery
import Dispatch
import Foundation
import Testing

struct ThreadExecutorTests {
    /// An actor that blocks the thread that it runs on.
    private actor Blocker {
        private let executor = ThreadExecutor(label: "test")
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        func block(until gate: DispatchSemaphore, after begun: DispatchSemaphore) {
            begun.signal()
            gate.wait()
        }
    }

    // Were they blocked on threads of Swift's pool, there would be none left for the task, and this would never end.
    @Test(.timeLimit(.minutes(1))) func `what blocks on such an executor holds up nobody else`() async {
        let gate = DispatchSemaphore(value: 0)
        let begun = DispatchSemaphore(value: 0)
        let count = 2 * ProcessInfo.processInfo.activeProcessorCount
        let blocked = (0..<count).map { _ in Task { await Blocker().block(until: gate, after: begun) } }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                for _ in 0..<count { begun.wait() }
                continuation.resume()
            }
        }
        #expect(await Task { 1 + 1 }.value == 2)
        for _ in 0..<count { gate.signal() }
        for task in blocked { await task.value }
    }
}
