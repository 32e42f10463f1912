/// One peer in a ``Plan``: what is known of it when the plan is compiled.
package struct PlanMember: Sendable {
    /// What stays mutable of the peer.
    package let state: PeerState
    /// What its operator says of it.
    package let value: PeerValue
    /// The configured weight, here so that a pick reads it without following another reference.
    package let weight: Double
    /// The weight that picks follow; 0 when the peer takes none.
    package let effectiveWeight: Double
    /// The source whose value this is: an index into the control plane's list of sources.
    package let source: Int32
    /// How many slots of the cycle go to the peer: its weight after rounding.
    package internal(set) var slots: Int32 = 0

    /// Makes a member that is picked by its weight when its operator allows it.
    package init(state: PeerState, value: PeerValue, source: Int) {
        self.state = state
        self.value = value
        self.weight = value.weight
        self.effectiveWeight = value.isCandidate ? value.weight : 0
        self.source = Int32(source)
    }
}
