import ArgumentParser
import LookasideServer

/// The `lookaside` command.
@main
struct Lookaside: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookaside",
        abstract: "An HTTP/JSON lookaside load balancer: clients ask it which peer to call.",
        discussion: """
            Peers are synced live from etcd, Kubernetes and files. GET /pick/<service> answers with the peer for the next
            request.

            Try it: lookaside demo
            Exit status: 0 after an orderly stop, 1 when the server cannot start, 2 for an invalid configuration,
            64 for arguments that are not understood.
            """,
        version: LookasideServer.version,
        subcommands: [Serve.self, CheckConfig.self, DemoCommand.self]
    )
}
