/// What the clients of one run saw.
struct Measurement {
    private var latencies: [Int] = []
    private var failures = 0
    var byKind: [Backend.Kind: (Int, Int)] = [:]

    mutating func add(_ ending: Ending, latency: Microseconds, backend: Backend.Kind) {
        byKind[backend, default: (0, 0)].0 += 1
        if ending == .success { latencies.append(latency) } else { failures += 1
            byKind[backend, default: (0, 0)].1 += 1
        }
    }

    /// The share of requests that failed.
    var errorRate: Double { Double(failures) / Double(max(1, failures + latencies.count)) }

    /// The latencies in milliseconds that these shares of the successful requests did not exceed.
    func latencyQuantiles(_ shares: [Double]) -> [Double] {
        let sorted = latencies.sorted()
        return shares.map { share in
            sorted.isEmpty ? 0 : Double(sorted[max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1)]) / 1000
        }
    }
}
