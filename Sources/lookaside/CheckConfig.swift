import ArgumentParser
import LookasideServer

/// `lookaside check-config`.
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration file, and say everything that is wrong with it.",
        discussion: "Exit status 0 when the file is valid, 2 when it is not."
    )

    @Argument(help: "The configuration file.")
    var file: String

    func run() throws {
        _ = try loadConfiguration(file)
        print("\(file): valid")
    }
}
