import Balancing
import Discovery

@testable import KubernetesSource

extension PeerMapping {
    /// A mapping of the namespace `lab`.
    static func of(
        _ resource: KubernetesSource.Resource,
        _ peers: KubernetesSource.Configuration.Peers = .init(),
        namesNamespace: Bool = false
    ) -> PeerMapping {
        PeerMapping(resource: resource, peers: peers, namesNamespace: namesNamespace)
    }
}

extension SourceTable {
    private static let uids = Dictionary(
        uniqueKeysWithValues: ["u1", "u2", "u3", "11111111-2222-3333-4444-555555555555"].map { (ValuePool.fingerprint(of: $0), $0) }
    )

    /// Every peer: `web/10.0.0.1:80` and what is said of it in a few words.
    var described: [String: String] { Self.described(services.mapValues { $0.map { (address: $0.key, value: $0.value) } }) }

    /// The same of any services.
    static func described(_ services: [String: [(address: PeerAddress, value: PeerValue)]]) -> [String: String] {
        var described: [String: String] = [:]
        for (service, peers) in services {
            for (address, value) in peers {
                let words = [
                    value.status.rawValue, value.weight == 100 ? "" : "weight \(value.weight)", value.slowStart.map { "slow start \($0)" } ?? "",
                    value.zone, value.metadata["node"] ?? "", Self.uids[value.identity] ?? value.identity,
                ]
                described["\(service)/\(address)"] = words.filter { !$0.isEmpty }.joined(separator: " ")
            }
        }
        return described
    }
}
