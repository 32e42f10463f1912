internal import Glibc

/// Measures picks within one process, without HTTP.
///
/// Prints one line per sample, `name<TAB>value`, and judges nothing: `Tests/Benchmarks/run` takes medians and ratios.
@main
struct PickBenchmark {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let rounds = Int(arguments[2]), rounds > 0, let part = Self.part(arguments[1]) else {
            print("usage: PickBenchmark flat|textbook|threads|compile ROUNDS")
            exit(2)
        }
        for _ in 0..<rounds {
            for sample in part.round() { print("\(sample.name)\t\(sample.value)") }
        }
    }

    private static func part(_ name: String) -> (any BenchmarkPart)? {
        switch name {
        case "flat": FlatnessPart()
        case "textbook": TextbookPart()
        case "threads": ThreadsPart()
        case "compile": CompilePart()
        default: nil
        }
    }
}

/// Measurements that are compared with each other, so that their rounds are taken in turn.
protocol BenchmarkPart {
    /// Measures everything once.
    func round() -> [Sample]
}

/// One measured figure.
struct Sample {
    let name: String
    let value: Double
}
