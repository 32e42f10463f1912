import ArgumentParser
import LookasideServer

/// `lookaside serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve picks until SIGTERM or SIGINT.",
        discussion: """
            Requests under way are answered before the server ends (shutdown_timeout); a second signal ends it at once.
            SIGHUP reads the configuration again; listen, workers and sources take effect at the next start.
            Without sources in the configuration, the peers come from peers.yaml beside it.
            """
    )

    @Option(help: "The configuration file.")
    var config = "lookaside.yaml"

    @Option(help: ArgumentHelp("Where to listen, instead of the configuration's listen.", valueName: "host:port"))
    var listen: String?

    func run() async throws {
        var configuration = try loadConfiguration(config)
        if let listen {
            do {
                configuration = try configuration.listening(on: listen)
            } catch {
                throw ValidationError("--listen: \(error)")
            }
        }
        try await orExit { [configuration, config, listen] () async throws(StartError) in
            try await LookasideServer(configuration: configuration, log: ServerLog(configuration.log)) { () throws(ConfigurationErrors) in
                let reread = try Configuration.load(path: config)
                return listen.flatMap { try? reread.listening(on: $0) } ?? reread
            }
            .run()
        }
    }
}
