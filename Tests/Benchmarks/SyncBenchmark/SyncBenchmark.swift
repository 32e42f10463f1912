import Foundation
import HTTPTransport

/// Fills an etcd with peers, and measures how long changes take to picks.
///
/// Prints one line per sample, `name<TAB>value`, and judges nothing: `Tests/Benchmarks/run` takes medians and quantiles.
@main
struct SyncBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        switch (arguments.first, numbers.count) {
        case ("fill", 3):
            try await Fleet(etcdPort: numbers[0], services: numbers[1], peers: numbers[2]).fill()
        case ("changes", 6):
            let fleet = try Fleet(etcdPort: numbers[0], services: numbers[2], peers: numbers[3])
            let run = try ChangesRun(fleet: fleet, lookasidePort: numbers[1], rate: numbers[4], seconds: numbers[5])
            for sample in try await run.measure() { print("\(sample.name)\t\(sample.milliseconds)") }
        default:
            print("usage: SyncBenchmark fill ETCD_PORT SERVICES PEERS")
            print("       SyncBenchmark changes ETCD_PORT LOOKASIDE_PORT SERVICES PEERS RATE SECONDS")
            exit(2)
        }
    }
}
