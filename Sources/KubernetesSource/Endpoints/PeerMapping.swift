internal import Balancing

/// How the endpoints of an object become peers.
///
/// A pure value that remembers values, so that endpoints which say the same share one.
struct PeerMapping: Sendable {
    private let resource: KubernetesSource.Resource
    private let peers: KubernetesSource.Configuration.Peers
    private let namesNamespace: Bool
    private var values = ValuePool()

    /// Makes a mapping.
    ///
    /// - Parameter namesNamespace: whether a service is named `name.namespace`, because there are those of all namespaces.
    init(resource: KubernetesSource.Resource, peers: KubernetesSource.Configuration.Peers, namesNamespace: Bool) {
        self.resource = resource
        self.peers = peers
        self.namesNamespace = namesNamespace
    }

    /// The kind of the objects.
    var kind: String { resource.kind }

    /// What an object adds to its service.
    ///
    /// - Parameter before: what it added so far; `nil`: it is seen for the first time.
    mutating func contribution(of object: EndpointObject, after before: Contribution?) -> Contribution {
        let version = ResourceVersion(object.metadata?.resourceVersion ?? "")
        let service: String
        switch serviceName(of: object) {
        case .success(let name): service = name
        case .failure(let problem): return Contribution(service: nil, version: version, peers: [], problem: problem.description)
        }
        var labels = ServiceLabels(object.metadata?.labels ?? [:])
        var lastValid = before?.lastValid ?? .init()
        var collector = Collector(settings: labels.settings(over: peers, &lastValid))
        for group in groups(of: object) { take(group, lastPort: lastValid.port, &collector) }
        lastValid.port = collector.port ?? lastValid.port
        let problem = labels.problems + collector.problems
        return Contribution(
            service: service,
            version: version,
            peers: collector.found,
            lastValid: lastValid,
            problem: problem.isEmpty ? nil : problem.joined(separator: "; ")
        )
    }

    private struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private static let serviceLabel = "kubernetes.io/service-name"

    private func serviceName(of object: EndpointObject) -> Result<String, Problem> {
        let metadata = object.metadata
        guard let name = resource == .endpoints ? metadata?.name : metadata?.labels?[Self.serviceLabel], !name.isEmpty else {
            return .failure(Problem(description: "it has no label \(Self.serviceLabel), and so belongs to no service"))
        }
        let service = namesNamespace ? "\(name).\(metadata?.namespace ?? "")" : name
        guard ServiceName.isValid(service) else {
            return .failure(Problem(description: "\"\(service)\" is no name of a service: that is \(ServiceName.rule)"))
        }
        return .success(service)
    }
}

// MARK: - Endpoints

extension PeerMapping {
    /// Endpoints that share their ports.
    private struct Group {
        var addressType: String
        var ports: [EndpointObject.Port]
        var endpoints: [EndpointObject.Endpoint]
    }

    /// The endpoints of both kinds of objects in the form of a slice's.
    private func groups(of object: EndpointObject) -> [Group] {
        switch resource {
        case .endpointSlices:
            return [Group(addressType: object.addressType ?? "", ports: object.ports ?? [], endpoints: object.endpoints ?? [])]
        case .endpoints:
            return (object.subsets ?? []).map { subset in
                func endpoints(_ addresses: [EndpointObject.Subset.Address]?, isReady: Bool) -> [EndpointObject.Endpoint] {
                    (addresses ?? []).map { address in
                        .init(
                            addresses: address.ip.map { [$0] },
                            conditions: .init(ready: isReady),
                            nodeName: address.nodeName,
                            targetRef: address.targetRef
                        )
                    }
                }
                return Group(
                    addressType: "",
                    ports: subset.ports ?? [],
                    endpoints: endpoints(subset.addresses, isReady: true) + endpoints(subset.notReadyAddresses, isReady: false)
                )
            }
        }
    }

    /// What is found in an object.
    private struct Collector {
        /// The most problems of one object that are told.
        static let problemLimit = 5

        let settings: KubernetesSource.Configuration.Peers
        /// The port that the object has now.
        var port: Int?
        private(set) var found: [Contribution.Peer] = []
        private(set) var problems: [String] = []
        /// Where each address is among what was found.
        private var places: [PeerAddress: Int] = [:]

        init(settings: KubernetesSource.Configuration.Peers) {
            self.settings = settings
        }

        mutating func note(_ problem: String) {
            if problems.count < Self.problemLimit { problems.append(problem) }
        }

        /// Makes room for so many peers and no more: they are kept.
        mutating func reserve(_ count: Int) {
            found.reserveCapacity(found.count + count)
        }

        mutating func add(_ peer: Contribution.Peer) {
            guard let place = places[peer.address] else {
                places[peer.address] = found.count
                return found.append(peer)
            }
            if peer.value.isBetter(than: found[place].value) { found[place].value = peer.value }
        }
    }

    private mutating func take(_ group: Group, lastPort: Int?, _ collector: inout Collector) {
        // A service without pods has an object without ports.
        guard !group.endpoints.isEmpty else { return }
        switch group.addressType {
        // An Endpoints does not say.
        case "IPv4", "IPv6", "": break
        case let type:
            let reason = type == "FQDN" ? "names are not resolved" : "expected IPv4 or IPv6"
            return collector.note("\(group.endpoints.count) endpoints of address type \(type) are refused: \(reason)")
        }
        let found = port(among: group.ports)
        collector.port = found ?? collector.port
        if found == nil { collector.note(portProblem(group.ports, kept: lastPort)) }
        guard let port = found ?? lastPort else { return }
        collector.reserve(group.endpoints.count)
        for endpoint in group.endpoints {
            // "No semantics are defined for additional addresses beyond the first" (the API's reference).
            guard let host = endpoint.addresses?.first else { continue }
            do {
                let address = try PeerAddress(host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)")
                collector.add(.init(address: address, value: values.value(of: endpoint, collector.settings)))
            } catch {
                collector.note("\(host): \(error)")
            }
        }
    }

    /// The port by its name, else the only one, else the configured one; that also in place of a port without a number, which means any.
    private func port(among ports: [EndpointObject.Port]) -> Int? {
        let candidates = ports.filter { ($0.protocol ?? "TCP") == "TCP" }
        let chosen = candidates.first { $0.name == peers.portName } ?? (candidates.count == 1 ? candidates[0] : nil)
        return chosen?.port ?? peers.port
    }

    private func portProblem(_ ports: [EndpointObject.Port], kept: Int?) -> String {
        let found = ports.map { "\($0.name ?? "") \($0.port.map { "\($0)" } ?? "any")/\($0.protocol ?? "TCP")".drop { $0 == " " } }
        return "no port: none of its TCP ports is named \(peers.portName), there is not just one, and no port is configured; it has "
            + (found.isEmpty ? "none" : found.joined(separator: ", ")) + (kept.map { "; port \($0) stays" } ?? "")
    }
}
