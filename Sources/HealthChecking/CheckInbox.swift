import Balancing
import HTTPTransport
import Synchronization

/// What waits for the checker's task: wishes of services, and findings of probes from the client's thread.
final class CheckInbox: Sendable {
    /// What a service wants probed.
    struct Wish: Sendable {
        var targets: [CheckedPeer]
        var settings: HealthCheckSettings
        var isColdStart: Bool
    }

    /// What became of a probe.
    struct Finding: Sendable {
        let id: Int
        let peer: PeerAddress
        let outcome: HTTPClient.ProbeOutcome
    }

    private struct State {
        var wishes: [String: Wish] = [:]
        var findings: [Finding] = []
        var waiter: CheckedContinuation<Void, Never>?

        var isEmpty: Bool { wishes.isEmpty && findings.isEmpty }
    }

    private let state = Mutex(State())

    /// Puts a wish in place of an earlier one of the service that was not taken yet.
    func put(_ wish: Wish, of service: String) {
        change { state in
            var wish = wish
            // Who came first stays a cold start.
            wish.isColdStart = wish.isColdStart || state.wishes[service]?.isColdStart == true
            state.wishes[service] = wish
        }
    }

    /// Adds a finding. Does not wait: for the client's thread.
    func put(_ finding: Finding) {
        change { $0.findings.append(finding) }
    }

    /// Takes all there is.
    func take() -> (wishes: [String: Wish], findings: [Finding]) {
        state.withLock { state in
            defer {
                state.wishes = [:]
                state.findings = []
            }
            return (state.wishes, state.findings)
        }
    }

    /// Whether there is nothing to take.
    var isEmpty: Bool {
        state.withLock { $0.isEmpty }
    }

    /// Waits until there is something to take, the instant has come or the task is cancelled. For one task.
    func wait(until instant: ContinuousClock.Instant?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitForChange() }
            if let instant {
                group.addTask { try? await Task.sleep(until: instant, clock: .continuous) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func waitForChange() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLock { state in
                    guard state.isEmpty, !Task.isCancelled else { return false }
                    state.waiter = continuation
                    return true
                }
                if !mayWait {
                    continuation.resume()
                }
            }
        } onCancel: {
            change { _ in }
        }
    }

    /// Changes the state and wakes whoever waits.
    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
