internal import HTTPServing
internal import Synchronization

/// A small HTTP server on loopback that says which one it is, and fails when it is told to: something real to pick.
struct DemoBackend: Sendable {
    private final class Mood: Sendable {
        let isFailing = Atomic(false)
    }

    private let server: HTTPServer

    /// Starts a backend on a free port.
    init(name: String) throws(StartError) {
        var settings = HTTPServer.Configuration()
        settings.port = 0
        settings.workers = 1
        let mood = Mood()
        let greeting = Self.text(200, "hello from \(name)\n")
        let failure = Self.text(500, "\(name) fails until it is told to recover\n")
        let answer: HTTPRoute.Handler = { _ in .prepared(mood.isFailing.load(ordering: .relaxed) ? failure : greeting) }
        let change = { @Sendable (isFailing: Bool, reply: PreparedResponse) -> HTTPRoute.Handler in
            { _ in
                mood.isFailing.store(isFailing, ordering: .relaxed)
                return .prepared(reply)
            }
        }
        do {
            server = try HTTPServer.start(
                settings,
                routes: [
                    HTTPRoute(.get, "/", handler: answer), HTTPRoute(.get, "/health", handler: answer),
                    HTTPRoute(.post, "/fail", handler: change(true, Self.text(200, "\(name) answers 500 from now on\n"))),
                    HTTPRoute(.post, "/recover", handler: change(false, Self.text(200, "\(name) answers 200 again\n"))),
                ]
            )
        } catch {
            throw StartError(error.description)
        }
    }

    /// Where it listens.
    var address: String { "127.0.0.1:\(server.port)" }

    /// Stops it.
    func stop() async { await server.stop(drainingFor: .seconds(1)) }

    private static func text(_ status: Int, _ text: String) -> PreparedResponse {
        PreparedResponse(HTTPResponse(status: status, headers: [(name: "Content-Type", value: "text/plain")], body: Array(text.utf8)))
    }
}
