internal import Balancing
internal import Discovery

/// What a source says of a peer for which an earlier source's word counts.
struct ShadowedValueBody: Encodable {
    let source: String
    let weight: Double
    let state: String

    init(_ shadowed: ShadowedValue, monitors: [SourceMonitor]) {
        source = monitors[shadowed.source].name
        weight = shadowed.value.weight
        state = shadowed.value.status.rawValue
    }
}
