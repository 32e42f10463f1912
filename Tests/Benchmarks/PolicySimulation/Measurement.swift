/// What the clients of one run saw.
struct Measurement {
    /// Of the requests that succeeded.
    private var latencies: [Microseconds] = []
    private var failures = 0

    /// Adds the end of a request.
    mutating func add(_ ending: Ending, latency: Microseconds) {
        if ending == .success { latencies.append(latency) } else { failures += 1 }
    }

    /// The share of requests that failed.
    var errorRate: Double { Double(failures) / Double(max(1, failures + latencies.count)) }

    /// The latencies in milliseconds that these shares of the successful requests did not exceed.
    func latencyQuantiles(_ shares: [Double]) -> [Double] {
        let sorted = latencies.sorted()
        return shares.map { share in
            let rank = Int((share * Double(sorted.count)).rounded(.up))
            return sorted.isEmpty ? 0 : Double(sorted[max(1, rank) - 1]) / 1000
        }
    }
}
