/// The outcomes of one peer by second, of the running second and at least the 60 before it.
///
/// Holds memory for what occurred: one entry a second and result, one a second for latencies, and one histogram for each ten
/// seconds aligned to the clock. Recording touches the newest entries only. Any result may occur; what is older is dropped.
package struct OutcomeStatistics: Sendable {
    private static let slotSeconds: UInt32 = 10

    private struct ResultEntry: SecondLogEntry {
        let second: UInt16
        let code: UInt16
        var count: UInt32
    }

    private struct LatencyEntry: SecondLogEntry {
        var sum: Double
        var count: UInt32
        let second: UInt16
    }

    private struct HistogramSlot {
        let number: UInt32
        var histogram = LatencyHistogram()
    }

    private var results = SecondLog<ResultEntry>()
    private var latencies = SecondLog<LatencyEntry>()
    private var histograms: [HistogramSlot] = []
    private var newest: UInt32 = 0

    /// Makes statistics without memory.
    package init() {}

    /// Adds an outcome to a second; one of a second that has passed meanwhile goes to the newest.
    package mutating func record(_ outcome: Outcome, at second: UInt32) {
        if second > newest { enter(second) }
        addResult(outcome.result.code, outcome.count)
        guard let latency = outcome.latencyMilliseconds else { return }
        addLatency(latency, outcome.count)
        if histograms.last?.number != newest / Self.slotSeconds { enterSlot() }
        histograms[histograms.count - 1].histogram.add(latency, count: outcome.count)
    }

    private mutating func enter(_ second: UInt32) {
        if second - newest > SecondLog<ResultEntry>.memory {
            results = .init()
            latencies = .init()
        }
        newest = second
    }

    private var newestShort: UInt16 { UInt16(truncatingIfNeeded: newest) }

    private mutating func addResult(_ code: UInt16, _ count: UInt32) {
        var index = results.entries.count
        while index > 0, results.entries[index - 1].second == newestShort {
            index -= 1
            guard results.entries[index].code == code else { continue }
            let (sum, isOver) = results.entries[index].count.addingReportingOverflow(count)
            // What one entry cannot hold goes to another of the same second and code.
            guard !isOver else { break }
            results.entries[index].count = sum
            return
        }
        results.append(ResultEntry(second: newestShort, code: code, count: count), newest: newest)
    }

    private mutating func addLatency(_ latency: Double, _ count: UInt32) {
        let sum = latency * Double(count)
        if let last = latencies.entries.indices.last, latencies.entries[last].second == newestShort {
            let (total, isOver) = latencies.entries[last].count.addingReportingOverflow(count)
            if !isOver {
                latencies.entries[last].count = total
                latencies.entries[last].sum += sum
                return
            }
        }
        latencies.append(LatencyEntry(sum: sum, count: count, second: newestShort), newest: newest)
    }

    private mutating func enterSlot() {
        let oldest = (newest - min(newest, SecondLog<ResultEntry>.memory)) / Self.slotSeconds
        histograms.removeAll { $0.number < oldest }
        histograms.append(HistogramSlot(number: newest / Self.slotSeconds))
    }

    /// The outcomes of the `window` (1 to 60) complete seconds before `second`; quantiles are of every ten-second slot it touches.
    package func counts(window: Int, before second: UInt32) -> OutcomeCounts {
        var counts = OutcomeCounts()
        add(to: &counts, window: window, before: second)
        return counts
    }

    /// Adds what ``counts(window:before:)`` returns to counts of other peers.
    func add(to counts: inout OutcomeCounts, window: Int, before second: UInt32) {
        guard second > 0, !isEmpty else { return }
        let seconds = second - min(second, UInt32(window))..<second
        results.forEach(in: seconds, newest: newest) { counts.add(code: $0.code, count: UInt64($0.count)) }
        latencies.forEach(in: seconds, newest: newest) { counts.addLatencies(count: UInt64($0.count), sum: $0.sum) }
        let slots = seconds.lowerBound / Self.slotSeconds...(second - 1) / Self.slotSeconds
        for slot in histograms where slots ~= slot.number { counts.add(slot.histogram) }
    }

    /// Whether nothing is held.
    var isEmpty: Bool { results.entries.isEmpty }

    /// Whether nothing of the last minute before `second` is held.
    package func isIdle(at second: UInt32) -> Bool {
        isEmpty || (second > newest && second - newest > 60)
    }
}
