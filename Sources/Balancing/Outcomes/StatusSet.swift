/// A set of HTTP statuses, 100 to 599.
///
/// A configuration writes it as a list of `503`, `5xx` and `500-599`. Asking for a status costs one look at a bit.
package struct StatusSet: Sendable, Hashable {
    /// The statuses that HTTP has.
    package static let statuses = 100...599
    /// The set of 500 to 599.
    package static let serverErrors = StatusSet([500...599])

    private var words: [UInt64] = Array(repeating: 0, count: 10)

    /// The set of all statuses of some ranges; what lies outside 100 to 599 is left out.
    package init(_ ranges: [ClosedRange<Int>] = []) {
        for range in ranges {
            for status in range.clamped(to: Self.statuses) where range.contains(status) {
                words[status / 64] |= 1 << UInt64(status % 64)
            }
        }
    }

    /// Whether the set holds a status; false for a number that is no status.
    package func contains(_ status: Int) -> Bool {
        Self.statuses.contains(status) && words[status / 64] & (1 << UInt64(status % 64)) != 0
    }
}

extension StatusSet: CustomStringConvertible {
    /// The statuses as ranges, such as `200, 204, 500-599`.
    package var description: String {
        var ranges: [ClosedRange<Int>] = []
        for status in Self.statuses where contains(status) {
            if let last = ranges.last, last.upperBound == status - 1 {
                ranges[ranges.count - 1] = last.lowerBound...status
            } else {
                ranges.append(status...status)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
    }
}
