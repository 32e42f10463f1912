import CMicroHTTPD
import Glibc
import Synchronization

/// Takes each request from libmicrohttpd's access handler to the handler of its route and queues the answer.
///
/// The access handler is called first when the headers are there, then with each part of the body, then once more: only there is an answer queued
/// normally, because libmicrohttpd closes the connection after one that is queued in the first call. That is made use of while draining, when every answer
/// but a prepared one to a request with body says `Connection: close`.
/// A request without body has no state between the calls: its context pointer is this object itself, as a mark.
final class RequestDispatcher: Sendable {
    /// The context pointer of one request, nil in the first call.
    typealias Context = UnsafeMutablePointer<UnsafeMutableRawPointer?>

    let counter = RequestCounter()
    /// Writes a message of libmicrohttpd to the log.
    let log: @Sendable (String) -> Void

    private let routes: RouteTable
    private let normalPriorityRequests: DeferredRequests
    private let lowPriorityRequests: DeferredRequests
    private let currentBodyLimit: Atomic<Int>
    private let failureResponse: @Sendable (HTTPRequestFailure) -> HTTPResponse
    private let draining = Atomic<Bool>(false)

    init(_ configuration: HTTPServer.Configuration, routes: [HTTPRoute]) {
        self.routes = RouteTable(routes)
        currentBodyLimit = Atomic(configuration.bodyLimit)
        failureResponse = configuration.failureResponse
        log = configuration.log
        normalPriorityRequests = DeferredRequests(.normal, configuration)
        lowPriorityRequests = DeferredRequests(.low, configuration)
    }

    /// Answers the requests that are deferred as overloaded, and all that come later. Idempotent.
    func closeDeferredRequests() {
        normalPriorityRequests.close()
        lowPriorityRequests.close()
    }

    /// From now on every connection is closed after its current or next request.
    func drain() {
        draining.store(true, ordering: .relaxed)
    }

    /// The largest request body, in bytes.
    var bodyLimit: Int {
        get { currentBodyLimit.load(ordering: .relaxed) }
        set { currentBodyLimit.store(newValue, ordering: .relaxed) }
    }

    private var isDraining: Bool {
        draining.load(ordering: .relaxed)
    }

    /// The first call for a request: its headers are there.
    func begin(
        _ connection: OpaquePointer,
        target: UnsafePointer<CChar>,
        method: UnsafePointer<CChar>,
        version: UnsafePointer<CChar>,
        context: Context,
        mark: UnsafeMutableRawPointer
    ) -> MHD_Result {
        counter.begin()
        let framing = MessageFraming(of: connection, version: version)
        if let fault = framing.fault {
            return refuse(connection, .badRequest(message: fault))
        }
        guard framing.hasBody else {
            if isDraining {
                return answer(connection, target: target, method: method, body: [], context: context, isFirstCall: true)
            }
            context.pointee = mark
            return .YES
        }
        let target = UnsafeRawBufferPointer(start: target, count: strlen(target))
        let (receiver, failure) = recipient(connection, HTTPMethod(method), target)
        if receiver == nil, let length = framing.contentLength, length > bodyLimit {
            return refuse(connection, failure ?? .bodyTooLarge(limit: bodyLimit))
        }
        setState(RequestState(failure: failure, receiver: receiver, bodyLimit: bodyLimit), context)
        return .YES
    }

    /// Who takes the body of a request, and why the request will not reach a handler; neither when the body is collected for the handler.
    private func recipient(
        _ connection: OpaquePointer,
        _ method: HTTPMethod,
        _ target: UnsafeRawBufferPointer
    ) -> (receiver: (any HTTPBodyReceiver)?, failure: HTTPRequestFailure?) {
        switch routes.router.match(method, target) {
        case .notFound:
            return (nil, .notFound)
        case .methodNotAllowed(let allowed):
            return (nil, .methodNotAllowed(allowed: allowed))
        case .route(let index, let captures):
            return routes.withRoute(index) { route in
                guard route.takesBody else {
                    return (nil, .bodyNotAllowed)
                }
                guard let makeReceiver = route.makeReceiver else {
                    return (nil, nil)
                }
                let request = HTTPRequest(
                    method: method,
                    body: [],
                    isDraining: isDraining,
                    connection: connection,
                    target: target,
                    captures: captures
                )
                return (makeReceiver(request), nil)
            }
        }
    }

    /// A call with a part of the body.
    ///
    /// - Parameter untaken: where libmicrohttpd finds how many bytes are to come again.
    func receive(
        _ connection: OpaquePointer,
        _ part: UnsafeRawBufferPointer,
        untaken: UnsafeMutablePointer<Int>,
        state: RequestState
    ) -> MHD_Result {
        guard let taken = state.receive(part) else {
            return .NO
        }
        untaken.pointee = part.count - taken
        if taken < part.count {
            // libmicrohttpd comes back to bytes that were left only when more arrive, or after a suspension. This one ends at the worker's next round.
            MHD_suspend_connection(connection)
            MHD_resume_connection(connection)
        }
        return .YES
    }

    /// The last call for a request without body.
    func answer(
        _ connection: OpaquePointer,
        target: UnsafePointer<CChar>,
        method: UnsafePointer<CChar>,
        context: Context
    ) -> MHD_Result {
        answer(connection, target: target, method: method, body: [], context: context, isFirstCall: false)
    }

    /// A later call for a request with state and without new body bytes: the body is complete, or the deferred answer is there.
    func proceed(
        _ connection: OpaquePointer,
        target: UnsafePointer<CChar>,
        method: UnsafePointer<CChar>,
        state: RequestState,
        context: Context
    ) -> MHD_Result {
        if let deferred = state.deferred {
            guard let outcome = deferred.answer.take() else {
                return .NO
            }
            // It has left its set: the worker need not wait for a builder that holds it.
            state.deferred = nil
            switch outcome {
            case .response(let response):
                return response.queue(on: connection)
            case .overloaded:
                return refuse(connection, .overloaded)
            }
        }
        if let (priority, work) = state.deferredWork {
            state.deferredWork = nil
            return suspend(connection, state, priority, work)
        }
        if let failure = state.failure {
            return refuse(connection, failure)
        }
        if let receiver = state.takeReceiver() {
            return send(connection, receiver.finish(), context: context, isFirstCall: false)
        }
        return answer(connection, target: target, method: method, body: state.takeBody(), context: context, isFirstCall: false)
    }

    /// The request has ended: answered to the last byte, or its connection closed.
    func complete(_ state: RequestState?) {
        state?.takeReceiver()?.abandon()
        if let deferred = state?.deferred {
            deferred.requests.abandon(deferred.answer)
        }
        counter.complete()
    }

    private func answer(
        _ connection: OpaquePointer,
        target: UnsafePointer<CChar>,
        method: UnsafePointer<CChar>,
        body: [UInt8],
        context: Context,
        isFirstCall: Bool
    ) -> MHD_Result {
        let method = HTTPMethod(method)
        let target = UnsafeRawBufferPointer(start: target, count: strlen(target))
        switch routes.router.match(method, target) {
        case .notFound:
            return refuse(connection, .notFound)
        case .methodNotAllowed(let allowed):
            return refuse(connection, .methodNotAllowed(allowed: allowed))
        case .route(let index, let captures):
            let request = HTTPRequest(
                method: method,
                body: body,
                isDraining: isDraining,
                connection: connection,
                target: target,
                captures: captures
            )
            return send(connection, routes.withRoute(index) { $0.handler(request) }, context: context, isFirstCall: isFirstCall)
        }
    }

    private func send(_ connection: OpaquePointer, _ reply: HTTPReply, context: Context, isFirstCall: Bool) -> MHD_Result {
        switch reply {
        case .prepared(let response):
            return response.queue(on: connection)
        case .response(let response):
            return send(connection, response)
        case .deferred(let priority, let work):
            let state = state(context)
            guard isFirstCall else {
                return suspend(connection, state, priority, work)
            }
            // libmicrohttpd expects no connection to be suspended before its request is complete.
            state.deferredWork = (priority, work)
            return .YES
        }
    }

    private func suspend(
        _ connection: OpaquePointer,
        _ state: RequestState,
        _ priority: HTTPReply.Priority,
        _ work: @escaping @Sendable () -> HTTPResponse
    ) -> MHD_Result {
        let requests = priority == .normal ? normalPriorityRequests : lowPriorityRequests
        let answer = requests.suspend(connection) {
            PreparedResponse(work(), closingConnection: self.isDraining)
        }
        guard let answer else {
            return refuse(connection, .overloaded)
        }
        state.deferred = (answer, requests)
        return .YES
    }

    private func refuse(_ connection: OpaquePointer, _ failure: HTTPRequestFailure) -> MHD_Result {
        var response = failureResponse(failure)
        if case .methodNotAllowed(let allowed) = failure {
            response.headers.append((name: "Allow", value: allowed.map(\.name).joined(separator: ", ")))
        }
        return send(connection, response)
    }

    private func send(_ connection: OpaquePointer, _ response: HTTPResponse) -> MHD_Result {
        PreparedResponse(response, closingConnection: isDraining).queue(on: connection)
    }

    /// The state of the request, made if there is none.
    private func state(_ context: Context) -> RequestState {
        if let current = context.pointee, current != Unmanaged.passUnretained(self).toOpaque() {
            return Unmanaged<RequestState>.fromOpaque(current).takeUnretainedValue()
        }
        let state = RequestState(bodyLimit: bodyLimit)
        setState(state, context)
        return state
    }

    private func setState(_ state: RequestState, _ context: Context) {
        context.pointee = Unmanaged.passRetained(state).toOpaque()
    }
}
