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
    /// The reason for each skipped key. Keys that are longer than a peer's can be, and long reasons, are shortened for those who read them.
    package private(set) var skipped: [String: String] = [:]

    /// All spellings of the peers that have any but the canonical one: of several keys for one peer the lexically first wins.
    private var spellings: [String: [PeerAddress: [String: PeerValue]]] = [:]
    /// The skipped keys whose only fault is that another spelling comes first.
    private var hidden: Set<String> = []
    /// How many valid keys of each service are skipped: these name it as well.
    private var skippedCounts: [String: Int] = [:]

    /// Makes an empty table.
    package init() {}

    /// Names a service, which may have no peers.
    package mutating func name(service: String) {
        guard ServiceName.isValid(service) else { return skip(service, of: nil, because: "a service name is \(ServiceName.rule)") }
        if services[service] == nil { services[service] = [:] }
    }

    /// Applies one entry.
    ///
    /// - Returns: the name of the service when anything that can be picked or shown has changed.
    @discardableResult
    package mutating func apply(_ entry: SourceEntry) -> String? {
        let key: PeerKey
        do {
            key = try PeerKey(entry.key)
        } catch {
            switch entry.content {
            case .value: skip(entry.key, of: nil, because: error.description)
            case .invalid(let reason): skip(entry.key, of: nil, because: reason)
            case .deleted: endSkipping(entry.key, of: nil)
            }
            return nil
        }
        endSkipping(entry.key, of: key.service)
        switch entry.content {
        case .value(let value):
            return set(key, entry.key, to: value)
        case .deleted:
            return set(key, entry.key, to: nil)
        case .invalid(let reason):
            skip(entry.key, of: key.service, because: reason)
            // A valid key names its service, whatever its value.
            guard services[key.service] == nil else { return nil }
            services[key.service] = [:]
            return key.service
        }
    }

    /// Removes every entry below a directory, `web` or `web/more`; below the empty path every entry there is.
    ///
    /// - Returns: the names of the services that are gone.
    @discardableResult
    package mutating func removeAll(below directory: String) -> [String] {
        let isAnything = directory.isEmpty
        let prefix = directory + "/"
        for key in skipped.keys where isAnything || key.utf8.starts(with: prefix.utf8) {
            skipped[key] = nil
            hidden.remove(key)
        }
        // A peer is just below its service.
        let gone = isAnything ? Array(services.keys) : services[directory] == nil ? [] : [directory]
        for service in gone {
            peerCount -= services.removeValue(forKey: service)?.count ?? 0
            spellings[service] = nil
            skippedCounts[service] = nil
        }
        return gone
    }

    /// Takes over from `previous` the valid values whose keys now hold an invalid one, each for its own spelling.
    package mutating func keepValidValues(of previous: SourceTable) {
        for text in skipped.keys where !hidden.contains(text) {
            guard let key = try? PeerKey(text), let value = previous.value(of: key, spelled: text) else { continue }
            set(key, text, to: value)
        }
    }

    /// The names of the services in which the two tables differ.
    package func changedServices(since previous: SourceTable) -> [String] {
        var changed = services.filter { previous.services[$0.key] != $0.value }.map(\.key)
        changed += previous.services.keys.filter { services[$0] == nil }
        return changed
    }

    private func value(of key: PeerKey, spelled text: String) -> PeerValue? {
        if let keys = spellings[key.service]?[key.address] { return keys[text] }
        return text == key.canonicalText ? services[key.service]?[key.address] : nil
    }

    @discardableResult
    private mutating func set(_ key: PeerKey, _ text: String, to value: PeerValue?) -> String? {
        let before = services[key.service]?[key.address]
        let canonical = key.canonicalText
        var winner = value
        if text != canonical || spellings[key.service]?[key.address] != nil {
            var keys = spellings[key.service]?[key.address] ?? before.map { [canonical: $0] } ?? [:]
            keys[text] = value
            winner = choose(among: keys, of: key.service)
            let isPlain = keys.isEmpty || (keys.count == 1 && keys[canonical] != nil)
            spellings[key.service, default: [:]][key.address] = isPlain ? nil : keys
            if spellings[key.service]?.isEmpty == true { spellings[key.service] = nil }
        }
        guard winner != before || services[key.service]?.isEmpty == true else { return nil }
        peerCount += (winner == nil ? 0 : 1) - (before == nil ? 0 : 1)
        services[key.service, default: [:]][key.address] = winner
        guard services[key.service]?.isEmpty == true else { return key.service }
        if skippedCounts[key.service] == nil { services[key.service] = nil }
        return winner == before && services[key.service] != nil ? nil : key.service
    }

    /// Chooses the first of several spellings and skips the others; one that is skipped for its value keeps that reason.
    private mutating func choose(among keys: [String: PeerValue], of service: String) -> PeerValue? {
        guard let first = keys.min(by: { $0.key < $1.key }) else { return nil }
        if hidden.contains(first.key) { endSkipping(first.key, of: service) }
        for other in keys.keys where other != first.key && (skipped[other] == nil || hidden.contains(other)) {
            skip(other, of: service, because: "the same peer as \(first.key), which comes first")
            hidden.insert(other)
        }
        return first.value
    }
}

// MARK: - Skipping

extension SourceTable {
    /// How much of a key that is no peer's, or of a reason, is kept, in Unicode scalars.
    private static let shownLimit = 200

    /// Notes why a key is skipped; `service` is the one that a valid key names.
    private mutating func skip(_ key: String, of service: String?, because reason: String) {
        let isNew = skipped.updateValue(Self.shortened(reason), forKey: Self.label(of: key)) == nil
        if isNew, let service { skippedCounts[service, default: 0] += 1 }
    }

    private mutating func endSkipping(_ key: String, of service: String?) {
        guard !skipped.isEmpty, skipped.removeValue(forKey: Self.label(of: key)) != nil else { return }
        hidden.remove(key)
        guard let service, let count = skippedCounts[service] else { return }
        skippedCounts[service] = count > 1 ? count - 1 : nil
    }

    /// What a key is kept under. A source's keys may be megabytes long; the hash keeps those apart that begin alike. It is seeded, so that
    /// nobody can choose two with the same.
    private static func label(of key: String) -> String {
        guard key.utf8.count > PeerKey.lengthLimit else { return key }
        return "\(shortened(key)) (\(key.utf8.count) bytes, hash \(String(UInt(bitPattern: key.hashValue), radix: 16)))"
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > shownLimit, text.unicodeScalars.count > shownLimit else { return text }
        return String(text.unicodeScalars.prefix(shownLimit)) + "…"
    }
}
