import Balancing

/// Peers 10.0.0.1:80, 10.0.0.2:80, … with the given weights.
func makeMembers(weights: [Double]) throws -> [PlanMember] {
    try weights.enumerated().map { position, weight in
        let address = try PeerAddress("10.\(position / 65536).\(position / 256 % 256).\(position % 256):80")
        return PlanMember(state: PeerState(address: address, since: 0), value: PeerValue(weight: weight), source: 0)
    }
}

/// A plan over peers with the given weights.
func makePlan(weights: [Double], previous: Plan? = nil) throws -> Plan {
    Plan(members: try makeMembers(weights: weights), isStale: false, index: 1, previous: previous)
}
