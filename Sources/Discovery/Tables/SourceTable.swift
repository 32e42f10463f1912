package import Balancing

/// Everything one source says: its services and their peers, and the entries that were skipped.
///
/// A pure value. A source fills a table with a complete state aside and hands it over whole; afterwards the control
/// plane applies the changes of single keys to it.
package struct SourceTable: Sendable {
    /// The peers of each service that the source names, also of those that have none.
    package private(set) var services: [String: [PeerAddress: PeerValue]] = [:]
    /// The number of peers.
    package private(set) var peerCount = 0
    /// The reason for each skipped key.
    package private(set) var skipped: [String: String] = [:]

    /// All spellings of the peers that have any but the canonical one: of several keys for one peer the lexically first wins.
    private var spellings: [String: [PeerAddress: [String: PeerValue]]] = [:]

    /// Makes an empty table.
    package init() {}

    /// Names a service, which may have no peers.
    package mutating func name(service: String) {
        guard ServiceName.isValid(service) else {
            skipped[service] = "a service name is \(ServiceName.rule)"
            return
        }
        if services[service] == nil { services[service] = [:] }
    }

    /// Applies one entry.
    ///
    /// - Returns: the name of the service when anything that can be picked or shown has changed.
    @discardableResult
    package mutating func apply(_ entry: SourceEntry) -> String? {
        if !skipped.isEmpty { skipped[entry.key] = nil }
        let key: PeerKey
        do {
            key = try PeerKey(entry.key)
        } catch {
            switch entry.content {
            case .value: skipped[entry.key] = error.description
            case .invalid(let reason): skipped[entry.key] = reason
            case .deleted: break
            }
            return nil
        }
        switch entry.content {
        case .value(let value):
            return set(key, entry.key, to: value)
        case .deleted:
            return set(key, entry.key, to: nil)
        case .invalid(let reason):
            skipped[entry.key] = reason
            // A valid key names its service, whatever its value.
            guard services[key.service] == nil else { return nil }
            services[key.service] = [:]
            return key.service
        }
    }

    /// Whether a service is named by a valid key whose value is not.
    private func isNamedBySkippedKey(_ service: String) -> Bool {
        skipped.keys.contains { (try? PeerKey($0))?.service == service }
    }

    /// Takes over from `previous` the valid values whose keys now hold an invalid one.
    package mutating func keepValidValues(of previous: SourceTable) {
        for key in skipped.keys {
            guard let peer = try? PeerKey(key), services[peer.service]?[peer.address] == nil,
                let value = previous.services[peer.service]?[peer.address]
            else { continue }
            set(peer, key, to: value, isSkipping: false)
        }
    }

    /// The names of the services in which the two tables differ.
    package func changedServices(since previous: SourceTable) -> [String] {
        var changed = services.filter { previous.services[$0.key] != $0.value }.map(\.key)
        changed += previous.services.keys.filter { services[$0] == nil }
        return changed
    }

    @discardableResult
    private mutating func set(_ key: PeerKey, _ text: String, to value: PeerValue?, isSkipping: Bool = true) -> String? {
        let before = services[key.service]?[key.address]
        let canonical = "\(key.service)/\(key.address)"
        var winner = value
        if text != canonical || spellings[key.service]?[key.address] != nil {
            var keys = spellings[key.service]?[key.address] ?? before.map { [canonical: $0] } ?? [:]
            keys[text] = value
            let ordered = keys.sorted { $0.key < $1.key }
            winner = ordered.first?.value
            if let first = ordered.first {
                skipped[first.key] = nil
                for other in ordered.dropFirst() where isSkipping {
                    skipped[other.key] = "the same peer as \(first.key), which comes first"
                }
            }
            let isPlain = keys.isEmpty || (keys.count == 1 && keys[canonical] != nil)
            spellings[key.service, default: [:]][key.address] = isPlain ? nil : keys
            if spellings[key.service]?.isEmpty == true { spellings[key.service] = nil }
        }
        guard winner != before || services[key.service]?.isEmpty == true else { return nil }
        peerCount += (winner == nil ? 0 : 1) - (before == nil ? 0 : 1)
        services[key.service, default: [:]][key.address] = winner
        guard services[key.service]?.isEmpty == true else { return key.service }
        if !isNamedBySkippedKey(key.service) { services[key.service] = nil }
        return winner == before && services[key.service] != nil ? nil : key.service
    }
}
