internal import Balancing
internal import Discovery

/// An entry of a source that names the service and is no peer.
struct SkippedEntryBody: Encodable {
    let source: String
    let key: String
    let reason: String

    init(_ entry: SkippedEntry, monitors: [SourceMonitor]) {
        source = monitors[entry.source].name
        key = entry.key
        reason = entry.reason
    }
}
