/// What a ``Plan`` shows of its service beyond what picks need: where its peers come from, and what was left out or kept, and why.
package struct PlanDetails: Sendable {
    /// How many candidates are well. In panic, or when only draining peers can be picked, others are picked than these.
    package var eligible = 0
    /// The sources that say which peers the service has: indices in the control plane's list of sources.
    package var sources: [Int] = []
    /// Sources that name the service and are not asked, because an earlier one has a peer of it (`combine: first`).
    package var shadowedSources: [Int] = []
    /// What later sources say of peers that an earlier one has, too.
    package var shadowed: [PeerAddress: [ShadowedValue]] = [:]
    /// Peers that are missing from their source's last list and kept for a while (`empty_guard`).
    package var guarded: Set<PeerAddress> = []
    /// Entries of the sources that are no peers; a bounded number of them.
    package var skipped: [SkippedEntry] = []

    /// Makes details of nothing.
    package init() {}
}
