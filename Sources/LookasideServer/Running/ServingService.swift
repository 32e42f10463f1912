internal import Discovery
internal import HTTPServing
internal import ServiceLifecycle

/// The HTTP server's part of the lifecycle: it serves from its start on, and here is drained.
struct ServingService: Service {
    let server: HTTPServer
    let readiness: Readiness
    /// Asked when the server stops.
    let shutdownTimeout: @Sendable () -> Duration
    let deadline: ShutdownDeadline

    func run() async throws {
        try? await gracefulShutdown()
        readiness.stop()
        let timeout = shutdownTimeout()
        deadline.begin(timeout)
        await server.stop(drainingFor: timeout)
    }
}
