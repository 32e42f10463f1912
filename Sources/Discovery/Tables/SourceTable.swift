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

    /// The peers that the last list lacked and that stay for a while, with the end of that.
    package internal(set) var guarded: [String: [PeerAddress: ContinuousClock.Instant]] = [:]
    /// When the first of them may go; `nil`: none is kept.
    package internal(set) var nextGuardEnd: ContinuousClock.Instant?

    /// The services that are there whether they have peers or not.
    private var named: Set<String> = []
    /// All spellings of the peers that have any but the canonical one: of several keys for one peer the lexically first wins.
    private var spellings: [String: [PeerAddress: [String: PeerValue]]] = [:]
    /// The skipped keys whose only fault is that another spelling comes first.
    private var hidden: Set<String> = []
    /// How many valid keys of each service are skipped: these name it as well.
    private var skippedCounts: [String: Int] = [:]
    /// The skipped keys that begin with the name of each service, valid or not.
    private var skippedKeys: [String: Set<String>] = [:]
    /// The keys that were skipped last, the latest last; a few.
    private var skippedLately: [String] = []
    /// Counts the changes of ``skippedKeys`` and their reasons.
    private var skippingChanges = 0

    /// Makes an empty table.
    package init() {}

    /// Makes a table of peers whose keys are spelled canonically.
    init(services: [String: [PeerAddress: PeerValue]]) {
        self.services = services
        peerCount = services.values.reduce(0) { $0 + $1.count }
    }

    /// Names a service, which may have no peers.
    ///
    /// - Returns: the name when the service was not there.
    @discardableResult
    package mutating func name(service: String) -> String? {
        guard ServiceName.isValid(service) else {
            skip(service, naming: nil, because: "a service name is \(ServiceName.rule)")
            return nil
        }
        named.insert(service)
        guard services[service] == nil else { return nil }
        services[service] = [:]
        return service
    }

    /// Takes back ``name(service:)``: the service is there as long as it has peers.
    ///
    /// - Returns: the name when the service has gone with that.
    private mutating func removeName(of service: String) -> String? {
        guard named.remove(service) != nil, services[service]?.isEmpty == true, skippedCounts[service] == nil else { return nil }
        services[service] = nil
        return service
    }

    /// Applies one entry.
    ///
    /// - Returns: the name of the service when anything that can be picked or shown has changed.
    @discardableResult
    package mutating func apply(_ entry: SourceEntry) -> String? {
        let changesBefore = skippingChanges
        do {
            let key = try PeerKey(entry.key)
            return apply(entry, to: key) ?? (skippingChanges == changesBefore ? nil : key.service)
        } catch {
            switch entry.content {
            case .value: skip(entry.key, naming: nil, because: error.description)
            case .invalid(let reason): skip(entry.key, naming: nil, because: reason)
            case .deleted:
                endSkipping(entry.key, naming: nil)
                if let service = removeName(of: entry.key) { return service }
            case .named: return name(service: entry.key)
            }
            guard skippingChanges != changesBefore, let service = PeerKey.service(of: entry.key), services[service] != nil else { return nil }
            return service
        }
    }

    private mutating func apply(_ entry: SourceEntry, to key: PeerKey) -> String? {
        endSkipping(entry.key, naming: key.service)
        if guarded[key.service]?[key.address] != nil { return applyToGuarded(entry, key) }
        switch entry.content {
        case .value(let value):
            return set(key, entry.key, to: value)
        case .deleted:
            return set(key, entry.key, to: nil)
        case .invalid(let reason):
            skip(entry.key, naming: key.service, because: reason)
            // A valid key names its service, whatever its value.
            if services[key.service] == nil { services[key.service] = [:] }
            return key.service
        case .named:
            return nil
        }
    }

    /// The source speaks of a peer again that was kept without its word.
    private mutating func applyToGuarded(_ entry: SourceEntry, _ key: PeerKey) -> String? {
        let value = services[key.service]?[key.address]
        release(key)
        // An invalid value leaves an earlier valid one, which is the one kept: under the key as it is spelled now.
        if case .invalid = entry.content, let value { set(key, entry.key, to: value) }
        _ = apply(entry, to: key)
        return key.service
    }

    /// Removes a peer that is kept without its source's word.
    mutating func release(_ key: PeerKey) {
        guarded[key.service]?[key.address] = nil
        if guarded[key.service]?.isEmpty == true { guarded[key.service] = nil }
        set(key, key.canonicalText, to: nil)
    }

    /// Sets the value of a peer under its canonical key.
    mutating func put(_ value: PeerValue, _ key: PeerKey) {
        set(key, key.canonicalText, to: value)
    }

    /// Removes every entry below a directory, `web` or `web/more`; below the empty path every entry there is.
    ///
    /// - Returns: the names of the services that have changed.
    @discardableResult
    package mutating func removeAll(below directory: String) -> Set<String> {
        let isAnything = directory.isEmpty
        let prefix = directory + "/"
        var changed: Set<String> = []
        for label in skipped.keys where isAnything || label.utf8.starts(with: prefix.utf8) {
            skipped[label] = nil
            hidden.remove(label)
            guard let service = PeerKey.service(of: label) else { continue }
            skippedKeys[service]?.remove(label)
            if skippedKeys[service]?.isEmpty == true { skippedKeys[service] = nil }
            changed.insert(service)
        }
        // A peer is just below its service.
        for service in isAnything ? Array(services.keys) : [directory] {
            skippedCounts[service] = nil
            named.remove(service)
            guard let peers = services.removeValue(forKey: service) else { continue }
            peerCount -= peers.count
            spellings[service] = nil
            guarded[service] = nil
            changed.insert(service)
        }
        return changed
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
        var changed = services.filter { previous.services[$0.key] != $0.value || !isShown(of: $0.key, as: previous) }.map(\.key)
        changed += previous.services.keys.filter { services[$0] == nil }
        return changed
    }

    /// Whether the same is shown of a service beside its peers.
    private func isShown(of service: String, as other: SourceTable) -> Bool {
        let keys = skippedKeys[service] ?? []
        return keys == other.skippedKeys[service] ?? [] && keys.allSatisfy { skipped[$0] == other.skipped[$0] }
            && guarded[service]?.keys == other.guarded[service]?.keys
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
        if skippedCounts[key.service] == nil, !named.contains(key.service) { services[key.service] = nil }
        return winner == before && services[key.service] != nil ? nil : key.service
    }

    /// Chooses the first of several spellings and skips the others; one that is skipped for its value keeps that reason.
    private mutating func choose(among keys: [String: PeerValue], of service: String) -> PeerValue? {
        guard let first = keys.min(by: { $0.key < $1.key }) else { return nil }
        if hidden.contains(first.key) { endSkipping(first.key, naming: service) }
        for other in keys.keys where other != first.key && (skipped[other] == nil || hidden.contains(other)) {
            skip(other, naming: service, because: "the same peer as \(first.key), which comes first")
            hidden.insert(other)
        }
        return first.value
    }
}

// MARK: - Skipping

extension SourceTable {
    /// How much of a key that is no peer's, or of a reason, is kept, in Unicode scalars.
    private static let shownLimit = 200

    /// How many of the skipped keys are shown for the whole source.
    private static let shownCount = 5

    /// A few of the skipped keys with their reasons, those that were skipped last first.
    package var latestSkipped: [(key: String, reason: String)] {
        var keys = Array(skippedLately.reversed().filter { skipped[$0] != nil })
        if keys.count < min(Self.shownCount, skipped.count) {
            let shown = Set(keys)
            keys += skipped.keys.lazy.filter { !shown.contains($0) }.prefix(Self.shownCount - keys.count)
        }
        return keys.map { ($0, skipped[$0] ?? "") }
    }

    /// Notes why a key is skipped; `service` is the one that a valid key names.
    private mutating func skip(_ key: String, naming service: String?, because reason: String) {
        let label = Self.label(of: key)
        let isNew = skipped.updateValue(reason.cut(bytes: Self.shownLimit), forKey: label) == nil
        skippedLately.removeAll { $0 == label }
        if skippedLately.count == Self.shownCount { skippedLately.removeFirst() }
        skippedLately.append(label)
        if isNew, let service { skippedCounts[service, default: 0] += 1 }
        guard let service = service ?? PeerKey.service(of: key) else { return }
        skippedKeys[service, default: []].insert(label)
        skippingChanges += 1
    }

    private mutating func endSkipping(_ key: String, naming service: String?) {
        guard !skipped.isEmpty else { return }
        let label = Self.label(of: key)
        guard skipped.removeValue(forKey: label) != nil else { return }
        hidden.remove(key)
        if let service, let count = skippedCounts[service] { skippedCounts[service] = count > 1 ? count - 1 : nil }
        guard let service = service ?? PeerKey.service(of: key) else { return }
        skippedKeys[service]?.remove(label)
        if skippedKeys[service]?.isEmpty == true { skippedKeys[service] = nil }
        skippingChanges += 1
    }

    /// The skipped keys that begin with the name of a service, with the reasons: the first `limit` by key.
    package func skipped(of service: String, limit: Int) -> [(key: String, reason: String)] {
        guard let keys = skippedKeys[service] else { return [] }
        return keys.sorted().prefix(limit).map { ($0, skipped[$0] ?? "") }
    }

    /// What a key is kept under. A source's keys may be megabytes long; the hash keeps those apart that begin alike. It is seeded, so that
    /// nobody can choose two with the same.
    private static func label(of key: String) -> String {
        guard key.utf8.count > PeerKey.lengthLimit else { return key }
        return "\(key.cut(bytes: shownLimit)) (\(key.utf8.count) bytes, hash \(String(UInt(bitPattern: key.hashValue), radix: 16)))"
    }
}
