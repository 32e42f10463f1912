internal import HTTPServing

/// A small HTTP server on loopback that says which one it is: something real to pick.
struct DemoBackend: Sendable {
    let name: String
    private let server: HTTPServer

    /// Starts a backend on a free port.
    init(name: String) throws(StartError) {
        var settings = HTTPServer.Configuration()
        settings.port = 0
        settings.workers = 1
        let greeting = PreparedResponse(
            HTTPResponse(status: 200, headers: [(name: "Content-Type", value: "text/plain")], body: Array("hello from \(name)\n".utf8))
        )
        do {
            server = try HTTPServer.start(
                settings,
                routes: ["/", "/health"].map { HTTPRoute(.get, $0) { _ in .prepared(greeting) } }
            )
        } catch {
            throw StartError(error.description)
        }
        self.name = name
    }

    /// Where it listens.
    var address: String { "127.0.0.1:\(server.port)" }

    /// Stops it.
    func stop() async { await server.stop(drainingFor: .seconds(1)) }
}
