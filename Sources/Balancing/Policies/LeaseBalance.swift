/// Picks of leases of one peer, and what became of them: outcomes and ends of leases use them up in their order.
///
/// A pure value. Which outcome belongs to which pick is not known: the oldest leased picks are taken to be the ones that ended.
struct LeaseBalance: Sendable {
    private var leased: UInt64 = 0
    private var usedUp: UInt64 = 0

    /// Adds picks of a lease.
    ///
    /// - Returns: how many there were in all, which marks their end.
    mutating func begin(_ count: UInt32) -> UInt64 {
        leased += UInt64(count)
        return leased
    }

    /// Takes outcomes.
    mutating func end(_ count: UInt32) {
        usedUp = min(leased, usedUp + UInt64(count))
    }

    /// Takes the end of all leases up to a mark.
    ///
    /// - Returns: how many of their picks had no outcome.
    mutating func expire(_ mark: UInt64) -> UInt64 {
        // Freed and begun anew since: these picks are forgotten.
        guard mark <= leased, mark > usedUp else { return 0 }
        defer { usedUp = mark }
        return mark - usedUp
    }
}
