import HTTPServing
import Testing

@Suite struct HTTPRouterTests {
    private static let routes: [(method: HTTPMethod, pattern: String)] = [
        (.get, "/pick/{service}"),
        (.get, "/peers"),
        (.get, "/peers/{service}"),
        (.put, "/peers/{service}/{peer}/override"),
        (.delete, "/peers/{service}/{peer}/override"),
        (.post, "/report"),
        (.get, "/"),
        (.post, "/peers/all"),
        (.head, "/peers/all"),
    ]

    /// `route index: captures`, `405 methods` or `404`.
    private func match(_ method: HTTPMethod, _ target: String) -> String {
        let router = HTTPRouter(Self.routes)
        var target = target
        return target.withUTF8 { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            switch router.match(method, bytes) {
            case .route(let index, let captures):
                let texts = captures.indices.map { position in
                    String(decoding: bytes[captures[position].range], as: UTF8.self)
                }
                return "\(index): \(texts.filter { !$0.isEmpty }.joined(separator: " "))"
            case .methodNotAllowed(let allowed):
                return "405 \(allowed.map(\.name).joined(separator: ", "))"
            case .notFound:
                return "404"
            }
        }
    }

    @Test(arguments: [
        ("/pick/web", "0: web"), ("/peers", "1: "), ("/peers/web", "2: web"), ("/", "6: "),
        // A slash that is encoded belongs to the segment, and the segment stays as it was sent.
        ("/pick/a%2Fb", "0: a%2Fb"), ("/pick/%zz", "0: %zz"), ("/pick/%", "0: %"),
        // Literals are compared decoded.
        ("/%70ick/web", "0: web"), ("/pic%6B/web", "0: web"), ("/pic%6b/web", "0: web"),
    ])
    func `a target leads to its route`(target: String, expected: String) {
        #expect(match(.get, target) == expected)
    }

    @Test(arguments: [
        "", "pick/web", "*", "/pick", "/pick/", "/pick//", "//pick/web", "/pick/web/", "/pick/web/x", "//", "/Pick/web", "/pickx/web", "/pic/web",
        "/pick%2Fweb", "/pick%/web", "/pic%6/web", "/pic%zz/web", "/pick%00/web", "/%2570ick/web", "/a/b/c/d/e/f/g/h/i/j",
    ])
    func `another target is not found`(target: String) {
        #expect(match(.get, target) == "404")
    }

    @Test(arguments: [
        ("http://host:8080/pick/web", "0: web"), ("HTTPS://host/pick/web", "0: web"), ("http://host", "6: "), ("http://host/", "6: "),
        ("http://host/nowhere", "404"), ("http:///pick/web", "404"), ("http://", "404"), ("ftp://host/pick/web", "404"), ("http:/pick/web", "404"),
    ])
    func `an absolute target is taken by its path`(target: String, expected: String) {
        #expect(match(.get, target) == expected)
    }

    @Test func `HEAD is served where GET is`() {
        #expect(match(.head, "/pick/web") == "0: web")
        #expect(match(.head, "/report") == "405 POST")
    }

    @Test func `two segments are captured`() {
        #expect(match(.put, "/peers/web/10.0.0.1:80/override") == "3: web 10.0.0.1:80")
        #expect(match(.delete, "/peers/web/10.0.0.1:80/override") == "4: web 10.0.0.1:80")
    }

    @Test func `a known path with another method tells the methods of every pattern that matches`() {
        #expect(match(.put, "/pick/web") == "405 GET, HEAD")
        #expect(match(.other, "/pick/web") == "405 GET, HEAD")
        #expect(match(.get, "/peers/web/p/override") == "405 PUT, DELETE")
        #expect(match(.delete, "/peers/all") == "405 GET, HEAD, POST")
    }

    @Test func `a pattern that has not the method leaves it to a later one`() {
        #expect(match(.post, "/peers/all") == "7: ")
        // The first match wins, where there are two.
        #expect(match(.get, "/peers/all") == "2: all")
    }
}
