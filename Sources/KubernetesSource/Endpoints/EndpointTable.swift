internal import Balancing
internal import Discovery

/// What every object says, as peers of services.
///
/// A pure value: objects go in, changes of peers come out. Of an object only its contribution is kept, and a change of one costs in
/// proportion to its service.
struct EndpointTable: Sendable {
    private var mapping: PeerMapping
    /// By namespace and name.
    private var contributions: [ObjectName: Contribution] = [:]
    /// The objects of each service.
    private var objects: [String: Set<ObjectName>] = [:]

    private struct ObjectName: Hashable {
        let namespace: String
        let name: String

        init(_ object: EndpointObject) {
            namespace = object.metadata?.namespace ?? ""
            name = object.metadata?.name ?? ""
        }
    }

    /// Makes a table without objects.
    init(mapping: PeerMapping) {
        self.mapping = mapping
    }

    /// Makes a table without objects that shares its values with another one, which it is about to replace.
    init(replacing before: EndpointTable) {
        self.init(mapping: before.mapping)
    }

    /// Takes an object as it is now.
    ///
    /// - Returns: what has changed.
    mutating func write(_ object: EndpointObject) -> [SourceEntry] {
        let name = ObjectName(object)
        return set(name, to: contribution(of: object, after: contributions[name]))
    }

    /// Takes away an object.
    ///
    /// - Returns: what has changed.
    mutating func delete(_ object: EndpointObject) -> [SourceEntry] {
        set(ObjectName(object), to: nil)
    }

    /// Takes an object of a list, of which nothing is to be told before the list is complete.
    ///
    /// - Parameter before: what was known before the list: it counts as in a change of the one object.
    mutating func add(_ object: EndpointObject, after before: EndpointTable? = nil) {
        let name = ObjectName(object)
        store(name, contribution(of: object, after: before?.contributions[name]))
    }

    private mutating func contribution(of object: EndpointObject, after before: Contribution?) -> Contribution {
        var contribution = mapping.contribution(of: object, after: before)
        contribution.keepValues(of: before)
        return contribution
    }

    /// Everything there is, for a list that is complete.
    func sourceTable() -> SourceTable {
        var table = SourceTable()
        for service in objects.keys {
            for entry in endpoints(of: service).changes(of: service, since: ServiceEndpoints()) { table.apply(entry) }
        }
        for (name, contribution) in contributions where contribution.service == nil {
            table.apply(entry(of: name, contribution))
        }
        return table
    }

    private mutating func set(_ name: ObjectName, to contribution: Contribution?) -> [SourceEntry] {
        let before = contributions[name]
        let services = [before?.service, contribution?.service].compactMap { $0 }
        let affected = services.first == services.last ? services.prefix(1) : services[...]
        let states = affected.map { endpoints(of: $0) }
        store(name, contribution)
        var entries = zip(affected, states).flatMap { endpoints(of: $0).changes(of: $0, since: $1) }
        if let before, before.service == nil, contribution == nil || contribution?.service != nil {
            entries.append(SourceEntry(key: key(of: name, nil), content: .deleted))
        }
        if let contribution, contribution.service == nil { entries.append(entry(of: name, contribution)) }
        return entries
    }

    private mutating func store(_ name: ObjectName, _ contribution: Contribution?) {
        if let service = contributions[name]?.service, service != contribution?.service {
            objects[service]?.remove(name)
            if objects[service]?.isEmpty == true { objects[service] = nil }
        }
        contributions[name] = contribution
        if let service = contribution?.service { objects[service, default: []].insert(name) }
    }

    private func endpoints(of service: String) -> ServiceEndpoints {
        let found = (objects[service] ?? []).compactMap { name in contributions[name].map { (name: name, contribution: $0) } }
        let latestFirst = found.sorted { left, right in
            guard let version = left.contribution.version, let other = right.contribution.version, version != other else {
                return (left.name.namespace, left.name.name) < (right.name.namespace, right.name.name)
            }
            return other.isOlder(than: version)
        }
        return ServiceEndpoints(latestFirst.map { (key(of: $0.name, service), $0.contribution) })
    }

    /// Where the problem of an object is shown: no key of a peer, nor a service's name.
    private func key(of name: ObjectName, _ service: String?) -> String {
        service.map { "\($0)/\(name.name)" } ?? "\(mapping.kind) \(name.namespace)/\(name.name)"
    }

    private func entry(of name: ObjectName, _ contribution: Contribution) -> SourceEntry {
        SourceEntry(key: key(of: name, nil), content: .invalid(contribution.problem ?? ""))
    }
}

extension Contribution {
    /// Keeps the objects of values that are as they were: whoever took those has them still.
    fileprivate mutating func keepValues(of before: Contribution?) {
        guard let before else { return }
        let known = Dictionary(before.peers.map { ($0.address, $0.value) }) { first, _ in first }
        for index in peers.indices {
            if let value = known[peers[index].address], value == peers[index].value { peers[index].value = value }
        }
    }
}
