import Testing

@testable import HTTPTransport

/// Transfers that are never put on the wire: what they do with lines, bytes and time.
@Suite(.timeLimit(.minutes(1)))
struct TransferTests {
    private let request = HTTPClient.Request(url: "http://127.0.0.1:1/")

    /// Runs `body` with a stream's transfer and its buffer, then ends the transfer; gives what the caller of `stream` got.
    private func withStream(
        limit: Int = 10,
        _ body: (Transfer, StreamBuffer) throws -> Void
    ) async throws -> Result<ResponseHead, HTTPTransportError> {
        let target = try RequestTarget(request)
        let buffer = StreamBuffer(limit: limit, cancellation: HTTPTransportError(.cancelled, operation: ""))
        var failure: (any Error)?
        let answer = await withCheckedContinuation { continuation in
            do {
                let delivery = Job.Delivery.stream(continuation, buffer, responseTimeout: .seconds(10), idleTimeout: .seconds(90))
                let transfer = try Transfer(Job(id: 1, request: request, target: target, delivery: delivery), HTTPClient.Configuration())
                defer { transfer.complete(transfer.headError) }
                try body(transfer, buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return answer
    }

    private func receive(_ lines: [String], _ transfer: Transfer) -> Bool {
        lines.allSatisfy { line in Array((line + "\r\n").utf8).withUnsafeBytes { transfer.receive(headerLine: $0) } }
    }

    private func receive(_ text: String, _ transfer: Transfer) -> Transfer.Verdict {
        Array(text.utf8).withUnsafeBytes { transfer.receive(body: $0) }
    }

    @Test func `before the headers the response timeout holds, after them the idle timeout from the last byte`() async throws {
        _ = try await withStream { transfer, _ in
            let start = ContinuousClock.now
            #expect(transfer.checkDeadline(at: start + .seconds(9)).failure == nil)
            #expect(transfer.checkDeadline(at: start + .seconds(10)).failure?.code == .timedOut)

            #expect(receive(["HTTP/1.1 200 OK", ""], transfer))
            #expect(transfer.checkDeadline(at: start + .seconds(89)).failure == nil)
            #expect(transfer.checkDeadline(at: start + .seconds(91)).failure?.code == .idle)
            let next = try #require(transfer.checkDeadline(at: start + .seconds(89)).next)
            #expect(next < start + .seconds(91))
        }
    }

    @Test func `interim headers do not end the response timeout`() async throws {
        _ = try await withStream { transfer, _ in
            #expect(receive(["HTTP/1.1 100 Continue", ""], transfer))
            #expect(transfer.checkDeadline(at: .now + .seconds(10)).failure?.code == .timedOut)
        }
    }

    @Test func `a paused stream is never idle`() async throws {
        _ = try await withStream { transfer, _ in
            #expect(receive(["HTTP/1.1 200 OK", ""], transfer))
            #expect(receive("0123456789", transfer) == .accepted)
            #expect(receive("a", transfer) == .paused)
            #expect(transfer.checkDeadline(at: .now + .seconds(3600)).failure == nil)
        }
    }

    @Test func `the next look is never later than an idle stream must be found`() async throws {
        _ = try await withStream { transfer, _ in
            let now = ContinuousClock.now
            let next = try #require(transfer.checkDeadline(at: now).next)
            #expect(next <= now + .seconds(10))
        }
    }

    @Test func `headers beyond their limit end the transfer`() async throws {
        let answer = try await withStream { transfer, _ in
            let line = "X: " + String(repeating: "x", count: 1000)
            #expect(receive(["HTTP/1.1 200 OK"] + Array(repeating: line, count: 200), transfer))
            #expect(!receive(Array(repeating: line, count: 100), transfer))
        }
        #expect(throws: HTTPTransportError.self) { try answer.get() }
    }
}

extension Transfer.Deadline {
    fileprivate var failure: HTTPTransportError? {
        if case .passed(let failure) = self { failure } else { nil }
    }

    fileprivate var next: ContinuousClock.Instant? {
        if case .later(let next) = self { next } else { nil }
    }
}

extension Transfer {
    /// What `complete` gets at the end of a test.
    fileprivate var headError: HTTPTransportError {
        job.error(.shutDown)
    }
}
