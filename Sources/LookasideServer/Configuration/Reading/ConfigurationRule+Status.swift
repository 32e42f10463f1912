internal import Balancing

extension ConfigurationRule where Value == ClosedRange<Int> {
    /// One item of a set of statuses: `503`, `5xx` or `500-599`.
    static var statuses: Self {
        Self { value throws(Mismatch) in
            guard let range = statusRange(value.kind) else {
                throw Mismatch(expected: "a status such as 503, 5xx or 500-599, from 100 to 599")
            }
            return range
        }
    }

    private static func statusRange(_ value: YAMLValue.Kind) -> ClosedRange<Int>? {
        switch value {
        case .integer(let status):
            return StatusSet.statuses.contains(status) ? status...status : nil
        case .string(let text):
            let digits = Array(text.utf8)
            if text.hasSuffix("xx"), digits.count == 3, (0x31...0x35).contains(digits[0]) {
                let first = Int(digits[0] - 0x30) * 100
                return first...(first + 99)
            }
            let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { $0.utf8.count == 3 ? Int($0) : nil }
            guard bounds.count == 2, let first = bounds[0], let last = bounds[1], first <= last else { return nil }
            return StatusSet.statuses.contains(first) && StatusSet.statuses.contains(last) ? first...last : nil
        default:
            return nil
        }
    }
}
