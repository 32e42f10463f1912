/// The routes of a server in the form in which its workers use them.
///
/// Counting references to a route would have the workers fight for its cache line at every request; so routes are lent by unmanaged references, which live
/// as long as the table.
final class RouteTable: Sendable {
    /// The handler of a route and what becomes of a body.
    final class Entry: Sendable {
        let takesBody: Bool
        let makeReceiver: HTTPRoute.ReceiverMaker?
        let handler: HTTPRoute.Handler

        fileprivate init(_ route: HTTPRoute) {
            takesBody = route.takesBody
            makeReceiver = route.makeReceiver
            handler = route.handler
        }
    }

    let router: HTTPRouter
    private let entries: [Entry]
    /// To the objects of `entries`.
    private let references: [Unmanaged<Entry>]

    init(_ routes: [HTTPRoute]) {
        router = HTTPRouter(routes.map { ($0.method, $0.pattern) })
        entries = routes.map(Entry.init)
        references = entries.map(Unmanaged.passUnretained)
    }

    /// Lends the route with the index that the router gave.
    func withRoute<Result>(_ index: Int, _ body: (Entry) -> Result) -> Result {
        references[index]._withUnsafeGuaranteedRef(body)
    }
}
