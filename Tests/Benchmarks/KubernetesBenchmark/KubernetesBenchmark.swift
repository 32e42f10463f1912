import Foundation

/// Serves slices as a Kubernetes API server does, changes them, and measures how long changes take to picks.
///
/// Prints its port, then reads commands from standard input until that ends. To each it prints one line per sample, `name<TAB>value`, and an
/// empty line; it judges nothing: `Tests/Benchmarks/run` takes medians and quantiles.
@main
struct KubernetesBenchmark {
    static func main() async throws {
        let sizes = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard sizes.count == 2 else {
            say("usage: KubernetesBenchmark SERVICES ENDPOINTS")
            say("then, on standard input: follow LOOKASIDE_PORT CHANGES; or: write LOOKASIDE_PORT CHANGES RATE")
            exit(2)
        }
        var fleet = try SliceFleet(services: sizes[0], endpoints: sizes[1])
        say("\(fleet.port)")
        while let line = readLine() {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int($0) }
            switch (words.first, numbers.count) {
            case ("follow", 2):
                for milliseconds in try await fleet.follow(lookasidePort: numbers[0], changes: numbers[1]) { say("seen\t\(milliseconds)") }
            case ("write", 3):
                try await fleet.write(lookasidePort: numbers[0], changes: numbers[1], rate: numbers[2])
            default:
                say("not understood\t0")
            }
            say("")
        }
    }

    /// Prints a line at once, also into a pipe.
    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }
}
