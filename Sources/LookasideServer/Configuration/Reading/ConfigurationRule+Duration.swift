extension ConfigurationRule where Value == Duration {
    /// 0.05 to 86400 seconds, to the microsecond; also 0 where that means off.
    static func duration(orZero allowsZero: Bool = false) -> Self {
        Self { value throws(Mismatch) in
            guard let microseconds = DurationText.microseconds(of: value) else {
                throw Mismatch(expected: "a duration: seconds or 250ms, 5s, 1m, 2h")
            }
            guard (50_000...86_400_000_000).contains(microseconds) || (allowsZero && microseconds == 0) else {
                throw Mismatch(expected: "a duration from 0.05 to 86400 seconds" + (allowsZero ? ", or 0" : ""))
            }
            return .microseconds(Int64(microseconds))
        }
    }

    /// A whole number of seconds, also written as a duration.
    static func wholeSeconds(in range: ClosedRange<Int>) -> Self {
        Self { value throws(Mismatch) in
            let seconds = DurationText.microseconds(of: value).map { $0 / 1_000_000 }
            guard let seconds, seconds == seconds.rounded(), Double(range.lowerBound) <= seconds, seconds <= Double(range.upperBound) else {
                throw Mismatch(expected: "whole seconds from \(range.lowerBound) to \(range.upperBound)")
            }
            return .seconds(Int64(seconds))
        }
    }
}

/// Durations as the file writes them: seconds as a number, or a number with a unit as a string.
private enum DurationText {
    private static let units: [(suffix: String, microseconds: Double)] = [("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3600e6)]

    /// The value in whole microseconds; nil when it is no duration.
    static func microseconds(of value: YAMLValue) -> Double? {
        if let seconds = value.number {
            return (seconds * 1e6).rounded()
        }
        guard case .string(let text) = value.kind, let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let digits = text.dropLast(unit.suffix.count)
        let isPlain = digits.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        guard isPlain, let first = digits.utf8.first, first != UInt8(ascii: "."), let number = Double(digits) else { return nil }
        return (number * unit.microseconds).rounded()
    }
}
