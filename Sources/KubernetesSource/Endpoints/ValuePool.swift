internal import Balancing

/// Makes the values of peers, and hands out one object where several say the same.
///
/// A pod has a value of its own, for its identity; what it shares with others, zone and node, is kept once.
struct ValuePool: Sendable {
    private static let limit = 16_384

    private var shared: [PeerValue: PeerValue] = [:]
    private var zones: Set<String> = []
    private var nodes: [String: [String: String]] = [:]

    /// Makes a pool that knows nothing yet.
    init() {}

    /// What an endpoint says.
    mutating func value(of endpoint: EndpointObject.Endpoint, _ settings: KubernetesSource.Configuration.Peers) -> PeerValue {
        let identity = endpoint.targetRef?.uid ?? ""
        let value = PeerValue(
            weight: settings.weight,
            checkURL: settings.checkURL,
            // The kubelet's readiness is the check.
            isCheckedByDefault: false,
            slowStart: settings.slowStart,
            status: endpoint.status,
            zone: zone(endpoint.zone),
            metadata: metadata(endpoint.nodeName),
            identity: identity
        )
        guard identity.isEmpty else { return value }
        if let known = shared[value] { return known }
        if shared.count >= Self.limit { shared.removeAll(keepingCapacity: true) }
        shared[value] = value
        return value
    }

    private mutating func zone(_ name: String?) -> String {
        guard let name else { return "" }
        if zones.count >= Self.limit { zones.removeAll(keepingCapacity: true) }
        return zones.insert(name).memberAfterInsert
    }

    private mutating func metadata(_ node: String?) -> [String: String] {
        guard let node, !node.isEmpty else { return [:] }
        if let known = nodes[node] { return known }
        if nodes.count >= Self.limit { nodes.removeAll(keepingCapacity: true) }
        let metadata = ["node": node]
        nodes[node] = metadata
        return metadata
    }
}

extension EndpointObject.Endpoint {
    /// What the conditions mean, those that are left out included (EndpointConditions, in the API's reference).
    fileprivate var status: PeerValue.Status {
        let isReady = conditions?.ready ?? true
        let isServing = conditions?.serving ?? isReady
        // A terminating pod is `ready` only where the service wants pods that are not ready as well.
        if conditions?.terminating == true { return isServing ? .draining : .down }
        return isReady ? .up : .down
    }
}
