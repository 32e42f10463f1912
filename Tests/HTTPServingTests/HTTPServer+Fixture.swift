import HTTPServing

extension HTTPServer {
    /// Starts a server with two workers on a free port.
    static func start(_ routes: [HTTPRoute], _ configure: (inout Configuration) -> Void = { _ in }) throws -> HTTPServer {
        var configuration = Configuration()
        configuration.port = 0
        configuration.workers = 2
        configure(&configuration)
        return try start(configuration, routes: routes)
    }
}

extension HTTPResponse {
    /// A 200 with a text as body.
    static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: 200, body: Array(text.utf8))
    }
}

extension HTTPRoute {
    /// A route that answers the text.
    static func get(_ pattern: String, _ text: String) -> HTTPRoute {
        HTTPRoute(.get, pattern) { _ in .response(.text(text)) }
    }

    /// `POST /echo`, which answers the body that it takes.
    static var echo: HTTPRoute {
        HTTPRoute(.post, "/echo", takesBody: true) { .response(HTTPResponse(status: 200, body: $0.body)) }
    }
}
