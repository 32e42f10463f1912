/// One peer in a ``Plan``: what is known of it when the plan is compiled.
package struct PlanMember: Sendable {
    /// What stays mutable of the peer.
    package let state: PeerState
    /// What its operator says of it.
    package let value: PeerValue
    /// What the checks say of it; `nil`: nothing yet.
    package let verdict: ShownVerdict?
    /// The configured weight, here so that a pick reads it without following another reference.
    package let weight: Double
    /// The weight that picks follow; 0 when the peer takes none.
    package let effectiveWeight: Double
    /// The source whose value this is: an index into the control plane's list of sources.
    package let source: Int32
    /// How many slots of the cycle go to the peer: its weight after rounding.
    package internal(set) var slots: Int32 = 0

    /// Makes a member that picks go to by `effectiveWeight`.
    package init(state: PeerState, value: PeerValue, verdict: ShownVerdict? = nil, effectiveWeight: Double, source: Int) {
        self.state = state
        self.value = value
        self.verdict = verdict
        self.weight = value.weight
        self.effectiveWeight = effectiveWeight
        self.source = Int32(source)
    }

    /// Makes a member of which nothing is known but its operator's word.
    package init(state: PeerState, value: PeerValue, source: Int) {
        self.init(state: state, value: value, effectiveWeight: value.isCandidate ? value.weight : 0, source: source)
    }

    /// What is said of its health.
    package var health: Health { verdict?.health ?? .unchecked }

    /// When its health last changed, else when it appeared, in seconds since 1970.
    package var since: Double { verdict?.since ?? state.since }
}
