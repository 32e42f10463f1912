internal import Balancing
internal import HTTPServing

/// The answers that name one peer of one service, made at its first pick and shared by all later ones.
final class PreparedAnswers: PeerAnswers {
    let weight: Double
    /// The answer in JSON, without flags.
    let json: PreparedResponse
    /// The answer as text.
    let text: PreparedResponse
    /// The peer as it stands in the list of a lease.
    let listed: [UInt8]

    init(service: String, peer: PeerAddress, weight: Double) {
        self.weight = weight
        json = PreparedResponse(PickBody.response(service: service, peer: peer, weight: weight, flags: []))
        text = PreparedResponse(.pickText(["\(peer)"]))
        listed = JSON.bytes(PeerBody(peer, weight: weight))
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
