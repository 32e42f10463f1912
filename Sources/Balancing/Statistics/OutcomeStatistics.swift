/// The outcomes of one peer by second, of the running second and at least the 60 before it.
///
/// Holds memory for what occurred: one entry a second and result, one a second for latencies, and one histogram for each ten
/// seconds aligned to the clock. Recording touches the newest entries only. Any result may occur; what is older is dropped.
package struct OutcomeStatistics: Sendable {
    private static let memory: UInt32 = 61
    private static let slotSeconds: UInt32 = 10

    private struct ResultEntry {
        let second: UInt32
        let code: UInt16
        var count: UInt64
    }

    private struct LatencyEntry {
        let second: UInt32
        var count: UInt32
        var sum: Double
    }

    private struct HistogramSlot {
        let number: UInt32
        var histogram = LatencyHistogram()
    }

    private var results: [ResultEntry] = []
    private var latencies: [LatencyEntry] = []
    private var histograms: [HistogramSlot] = []
    private var newest: UInt32 = 0

    /// Makes statistics without memory.
    package init() {}

    /// Adds an outcome to a second; one of a second that has passed meanwhile goes to the newest.
    mutating func record(_ outcome: Outcome, at second: UInt32) {
        if second > newest {
            newest = second
            forget()
        }
        add(outcome.result.code, UInt64(outcome.count))
        guard let latency = outcome.latencyMilliseconds else { return }
        let sum = latency * Double(outcome.count)
        if let last = latencies.indices.last, latencies[last].second == newest {
            latencies[last].count &+= outcome.count
            latencies[last].sum += sum
        } else {
            latencies.append(LatencyEntry(second: newest, count: outcome.count, sum: sum))
        }
        let slot = newest / Self.slotSeconds
        if histograms.last?.number != slot { histograms.append(HistogramSlot(number: slot)) }
        histograms[histograms.count - 1].histogram.add(latency, count: outcome.count)
    }

    private mutating func add(_ code: UInt16, _ count: UInt64) {
        var index = results.count
        while index > 0, results[index - 1].second == newest {
            index -= 1
            if results[index].code == code {
                results[index].count += count
                return
            }
        }
        results.append(ResultEntry(second: newest, code: code, count: count))
    }

    private mutating func forget() {
        guard newest >= Self.memory else { return }
        let oldest = newest - Self.memory
        // Removing from the front moves the rest: done for a good part at once, its cost a second is small.
        if results.count > 16, results[results.count / 4].second < oldest { results.removeFirst(results.prefix { $0.second < oldest }.count) }
        if latencies.count > 16, latencies[latencies.count / 4].second < oldest {
            latencies.removeFirst(latencies.prefix { $0.second < oldest }.count)
        }
        let oldestSlot = oldest / Self.slotSeconds
        if let first = histograms.first, first.number < oldestSlot { histograms.removeFirst(histograms.prefix { $0.number < oldestSlot }.count) }
    }

    /// The outcomes of the `window` (1 to 60) complete seconds before `second`; quantiles are of every ten-second slot it touches.
    package func counts(window: Int, before second: UInt32) -> OutcomeCounts {
        var counts = OutcomeCounts()
        guard second > 0 else { return counts }
        let first = second - min(second, UInt32(window))
        for entry in results where first..<second ~= entry.second {
            if let result = Outcome.Result(code: entry.code) { counts.add(result, count: entry.count) }
        }
        for entry in latencies where first..<second ~= entry.second {
            counts.addLatencies(count: UInt64(entry.count), sum: entry.sum)
        }
        let slots = first / Self.slotSeconds...(second - 1) / Self.slotSeconds
        for slot in histograms where slots ~= slot.number { counts.add(slot.histogram) }
        return counts
    }

    /// Whether nothing is held.
    var isEmpty: Bool { results.isEmpty }

    /// Whether nothing of the last minute before `second` is held.
    package func isIdle(at second: UInt32) -> Bool {
        (results.isEmpty && latencies.isEmpty) || (second > newest && second - newest > 60)
    }
}
