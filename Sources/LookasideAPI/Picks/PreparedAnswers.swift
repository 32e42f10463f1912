internal import Balancing
internal import HTTPServing
internal import Synchronization

/// The answers that name one peer of one service, each made when it is first wanted and shared by all later picks.
final class PreparedAnswers: PeerAnswers {
    private struct Parts {
        var json: PreparedResponse?
        var text: PreparedResponse?
        var listed: [UInt8]?
    }

    let weight: Double
    private let service: String
    private let peer: PeerAddress
    private let parts = Mutex(Parts())

    init(service: String, peer: PeerAddress, weight: Double) {
        self.service = service
        self.peer = peer
        self.weight = weight
    }

    /// The answer in JSON, without flags.
    var json: PreparedResponse {
        parts.withLock { parts in
            if let json = parts.json { return json }
            let json = PreparedResponse(PickBody.response(service: service, peer: peer, weight: weight, flags: []))
            parts.json = json
            return json
        }
    }

    /// The answer as text.
    var text: PreparedResponse {
        parts.withLock { parts in
            if let text = parts.text { return text }
            let text = PreparedResponse(.pickText(["\(peer)"]))
            parts.text = text
            return text
        }
    }

    /// The peer as it stands in the list of a lease.
    var listed: [UInt8] {
        parts.withLock { parts in
            if let listed = parts.listed { return listed }
            let listed = JSON.bytes(PeerBody(peer, weight: weight))
            parts.listed = listed
            return listed
        }
    }
}

extension Pick {
    /// The prepared answers of the picked peer.
    func answers(service: String) -> PreparedAnswers {
        let answers = peer.answers(weight: weight) { PreparedAnswers(service: service, peer: peer.address, weight: weight) }
        // Checked in debug builds; nothing else implements `PeerAnswers`.
        return unsafeDowncast(answers, to: PreparedAnswers.self)
    }
}
