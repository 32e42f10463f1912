/// Picks of leases of one peer, and what became of them: outcomes and ends of leases use them up in their order.
///
/// A pure value. Which outcome belongs to which pick is not known: the oldest leased picks are taken to be the ones that ended.
struct LeaseBalance: Sendable {
    private var leased: UInt64 = 0
    private var usedUp: UInt64 = 0
    /// The last mark whose end has come.
    private var ended: UInt64 = 0

    /// Adds picks of a lease.
    ///
    /// - Returns: how many there were in all, which marks their end.
    mutating func begin(_ count: UInt32) -> UInt64 {
        leased += UInt64(count)
        return leased
    }

    /// Whether the end of a lease is still to come, also of one whose picks all had their outcomes: its mark must find the same numbers.
    var isOpen: Bool { ended < leased }

    /// Takes outcomes.
    ///
    /// - Returns: how many of them were leased.
    mutating func end(_ count: UInt32) -> UInt32 {
        let used = UInt32(min(leased - usedUp, UInt64(count)))
        usedUp += UInt64(used)
        return used
    }

    /// Takes the end of all leases up to a mark.
    ///
    /// - Returns: how many of their picks had no outcome.
    mutating func expire(_ mark: UInt64) -> UInt32 {
        // After `lease.valid` was made shorter an earlier lease may end last, when the numbers have begun anew.
        let mark = min(mark, leased)
        ended = max(ended, mark)
        guard mark > usedUp else { return 0 }
        defer { usedUp = mark }
        return UInt32(clamping: mark - usedUp)
    }
}
