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

    /// Whether there are picks that had neither an outcome nor their end.
    var isOpen: Bool { usedUp < leased }

    /// Takes outcomes.
    ///
    /// - Returns: how many of them were leased.
    mutating func end(_ count: UInt32) -> UInt32 {
        let ended = UInt32(min(leased - usedUp, UInt64(count)))
        usedUp += UInt64(ended)
        return ended
    }

    /// Takes the end of all leases up to a mark.
    ///
    /// - Returns: how many of their picks had no outcome.
    mutating func expire(_ mark: UInt64) -> UInt32 {
        // Freed since, because nothing was open, and begun anew.
        guard mark <= leased, mark > usedUp else { return 0 }
        defer { usedUp = mark }
        return UInt32(clamping: mark - usedUp)
    }
}
