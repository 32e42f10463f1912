internal import Balancing

/// Makes the values of peers, and hands out one object where several say the same.
///
/// A pod has a value of its own, for its identity; everything else it shares with others that say the same.
struct ValuePool: Sendable {
    private static let limit = 16_384

    private var shared: [PeerValue: PeerValue] = [:]
    private var zones: Set<String> = []
    private var nodes: [String: [String: String]] = [:]

    /// Makes a pool that knows nothing yet.
    init() {}

    /// What an endpoint says.
    mutating func value(of endpoint: EndpointObject.Endpoint, _ settings: KubernetesSource.Configuration.Peers) -> PeerValue {
        let value = share(
            PeerValue(
                weight: settings.weight,
                checkURL: settings.checkURL,
                // The kubelet's readiness is the check.
                isCheckedByDefault: false,
                slowStart: settings.slowStart,
                status: endpoint.status,
                zone: zone(endpoint.zone),
                metadata: metadata(endpoint.nodeName)
            )
        )
        guard let uid = endpoint.targetRef?.uid, !uid.isEmpty else { return value }
        return value.identified(as: Self.fingerprint(of: uid))
    }

    private mutating func share(_ value: PeerValue) -> PeerValue {
        if let known = shared[value] { return known }
        if shared.count >= Self.limit { shared.removeAll(keepingCapacity: true) }
        shared[value] = value
        return value
    }

    /// A short text that is another one for another uid: the 64 bits of FNV-1a (Fowler, Noll, Vo), the same in every process. It is stored within
    /// the string itself, where the 36 characters of a uid would take 80 bytes for each pod.
    static func fingerprint(of uid: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in uid.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return String(hash, radix: 36)
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
