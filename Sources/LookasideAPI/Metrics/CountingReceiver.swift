internal import HTTPServing

/// A receiver whose answer is counted.
final class CountingReceiver: HTTPBodyReceiver {
    private let receiver: any HTTPBodyReceiver
    private let requests: RequestTotals.Route

    init(_ receiver: any HTTPBodyReceiver, _ requests: RequestTotals.Route) {
        self.receiver = receiver
        self.requests = requests
    }

    func receive(_ part: UnsafeRawBufferPointer) -> Int { receiver.receive(part) }

    func finish() -> HTTPReply { requests.counting(receiver.finish()) }

    func abandon() { receiver.abandon() }
}
