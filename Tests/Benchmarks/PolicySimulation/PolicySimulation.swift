internal import Balancing
internal import Glibc

/// Simulates clients of a fleet, with a few bad backends or without, who choose by themselves or ask Lookaside.
///
/// Prints one line per sample, `name<TAB>value`, and judges nothing: `Tests/Benchmarks/run` takes medians and ratios. Simulated time only, and
/// every random number is from a seed: the same program prints the same.
@main
struct PolicySimulation {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.dropFirst() == ["describe"] {
            print(Scenario.description)
        } else if arguments.count == 3, ["bad", "healthy"].contains(arguments[1]), let seeds = UInt64(arguments[2]), seeds > 0 {
            for seed in 1...seeds { run(Scenario(seed: seed, isHealthy: arguments[1] == "healthy"), seed: seed) }
        } else {
            print("usage: PolicySimulation describe | bad SEEDS | healthy SEEDS")
            exit(2)
        }
    }

    private static func run(_ scenario: Scenario, seed: UInt64) {
        let backends = scenario.backends.indices.filter { scenario.backends[$0] != .cold }
        simulate("client round_robin", scenario, ClientRoundRobin(backends, seed: seed))
        simulate("client least_outstanding", scenario, ClientLeastOutstanding(backends, seed: seed))
        for policy in Policy.allCases {
            for reports in [true, false] {
                let strategy = LookasideStrategy(backends, policy: policy, reports: reports, seed: seed)
                simulate("\(reports ? "reported" : "unreported") \(policy.rawValue)", scenario, strategy)
            }
        }
    }

    private static func simulate(_ name: String, _ scenario: Scenario, _ strategy: some Strategy) {
        var simulation = Simulation(scenario, strategy)
        let measurement = simulation.run()
        let quantiles = measurement.latencyQuantiles([0.5, 0.99])
        print("\(name) p50_ms\t\(quantiles[0])")
        print("\(name) p99_ms\t\(quantiles[1])")
        print("\(name) error_rate\t\(measurement.errorRate)")
    }
}
