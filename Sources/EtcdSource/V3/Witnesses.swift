/// The keys that were written last and are still there: what a store is asked for to prove that its history is ours.
///
/// A few, because the last one may be deleted; the later a key was written, the more its being there proves.
struct Witnesses: Sendable {
    private static let limit = 8

    /// In the order in which they were written.
    private var keyValues: [KeyValue] = []

    /// The key that was written last; `nil` when none is known to be there.
    var latest: KeyValue? { keyValues.last }

    /// Notes a key that was written, in any order.
    mutating func add(_ keyValue: KeyValue) {
        remove(keyValue.key)
        if let first = keyValues.first, keyValues.count == Self.limit {
            guard keyValue.modRevision >= first.modRevision else { return }
            keyValues.removeFirst()
        }
        let place = keyValues.lastIndex { $0.modRevision <= keyValue.modRevision }.map { $0 + 1 } ?? 0
        keyValues.insert(keyValue, at: place)
    }

    /// Notes that a key was deleted.
    mutating func remove(_ key: [UInt8]) {
        keyValues.removeAll { $0.key == key }
    }
}
