internal import FoundationEssentials

/// `lookaside demo`: three small HTTP backends, a peers file that names them, and a server over that file.
package struct Demo: Sendable {
    private let port: Int
    private let log: ServerLog

    /// Makes a demo that serves on a port of 127.0.0.1; 0: any free one.
    package init(port: Int, log: ServerLog) {
        self.port = port
        self.log = log
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Parameter say: gets the text that tells the user what to try.
    package func run(say: @escaping @Sendable (String) -> Void) async throws(StartError) {
        var backends: [DemoBackend] = []
        for name in ["backend 1", "backend 2", "backend 3"] { backends.append(try DemoBackend(name: name)) }
        let directory = FileManager.default.temporaryDirectory.appending(path: "lookaside-demo-\(UUID().uuidString.prefix(8))")
        let peersFile = directory.appending(path: "peers.yaml").path
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(Self.peers(backends).utf8).write(to: directory.appending(path: "peers.yaml"))
        } catch {
            throw StartError("cannot write \(peersFile): \(error)")
        }
        defer { try? FileManager.default.removeItem(at: directory) }

        let server = LookasideServer(configuration: .init(demoPort: port, peersFile: peersFile), log: log)
        let addresses = backends.map(\.address)
        try await server.run { say(Self.guide(port: $0, backends: addresses, peersFile: peersFile)) }
        for backend in backends { await backend.stop() }
    }

    private static func peers(_ backends: [DemoBackend]) -> String {
        let weights = [100, 100, 50]
        let lines = zip(backends, weights).map { "    \"\($0.address)\": { weight: \($1) }" }
        return "# Change this file and watch /peers/demo: the server follows it.\nservices:\n  demo:\n\(lines.joined(separator: "\n"))\n"
    }

    private static func guide(port: Int, backends: [String], peersFile: String) -> String {
        let base = "http://127.0.0.1:\(port)"
        return """
            Lookaside serves on \(base). The service "demo" has three peers: \(backends.joined(separator: ", ")).

              Pick a peer:                  curl \(base)/pick/demo
              As text, and call it:         curl http://$(curl -s "\(base)/pick/demo?format=text")
              Ten picks in one request:     curl "\(base)/pick/demo?n=10&format=text"
              A retry, without one peer:    curl "\(base)/pick/demo?exclude=\(backends.first ?? "")"
              What may be picked, and why:  curl \(base)/explain/demo
              Report how a call went:       curl -d '{"service":"demo","peer":"\(backends.first ?? "")","status":200}' \(base)/report
              Picks, outcomes and sources:  curl \(base)/stats
              Make a backend fail:          curl -X POST http://\(backends.last ?? "")/fail       (/recover: back again)
              See it leave and come back:   curl \(base)/events

            The peers come from \(peersFile): change it and pick again.
            Ctrl-C ends the demo.
            """
    }
}
