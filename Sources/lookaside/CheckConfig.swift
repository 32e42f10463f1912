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
        let configuration = try loadConfiguration(file)
        print("\(file): valid")
        if !configuration.notYet.isEmpty {
            print("not in this version yet, and without effect: \(configuration.notYet.joined(separator: ", "))")
        }
    }
}
