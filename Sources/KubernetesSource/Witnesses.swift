/// The objects that were written last and are still there: what a store is asked for to prove that its history is the known one.
///
/// A few, because the last ones may be deleted; the later an object was written, the more its being there proves.
struct Witnesses: Sendable {
    /// One of them.
    struct Witness: Sendable, Equatable {
        let namespace: String
        let name: String
        let uid: String
        let version: ResourceVersion
    }

    private static let limit = 8

    /// In the order in which they were written.
    private var witnesses: [Witness] = []

    /// The one that was written last; `nil` when none is known to be there.
    var latest: Witness? { witnesses.last }

    /// The one of this name; `nil` when it is not known.
    func named(_ name: String, in namespace: String) -> Witness? {
        place(of: name, in: namespace).map { witnesses[$0] }
    }

    /// The one that was written before the one of this name; `nil` when there is none.
    func before(_ name: String, in namespace: String) -> Witness? {
        place(of: name, in: namespace).flatMap { $0 > 0 ? witnesses[$0 - 1] : nil }
    }

    private func place(of name: String, in namespace: String) -> Int? {
        witnesses.firstIndex { $0.name == name && $0.namespace == namespace }
    }

    /// Notes an object that was written, in any order.
    mutating func add(_ witness: Witness) {
        remove(witness.name, in: witness.namespace)
        if let first = witnesses.first, witnesses.count == Self.limit {
            guard !witness.version.isOlder(than: first.version) else { return }
            witnesses.removeFirst()
        }
        let place = witnesses.lastIndex { !witness.version.isOlder(than: $0.version) }.map { $0 + 1 } ?? 0
        witnesses.insert(witness, at: place)
    }

    /// Notes that an object is gone.
    mutating func remove(_ name: String, in namespace: String) {
        witnesses.removeAll { $0.name == name && $0.namespace == namespace }
    }
}
