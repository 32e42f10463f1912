import Foundation
import Synchronization

/// What a process writes to a pipe, readable while the process runs.
final class OutputPipe: Sendable {
    let pipe = Pipe()
    private let received = Mutex(Data())

    init() {
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let bytes = handle.availableData
            // An empty read is the end: asked again, the handle would call for ever.
            if bytes.isEmpty { handle.readabilityHandler = nil }
            self?.received.withLock { $0 += bytes }
        }
    }

    /// All that was written so far.
    var text: String { received.withLock { String(decoding: $0, as: UTF8.self) } }
}
