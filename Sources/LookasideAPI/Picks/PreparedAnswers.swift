internal import Balancing
internal import HTTPServing

/// The answers that name the picked peer, each made when it is first wanted and shared by all later picks of that peer.
extension Pick {
    /// The answer in JSON, without flags.
    func json(service: String) -> PreparedResponse {
        let answer = peer.answer(.json, weight: weight) {
            PreparedResponse(PickBody.response(service: service, peer: peer.address, weight: weight, flags: []))
        }
        // What is kept under a kind is made here and nowhere else; debug builds check it.
        return unsafeDowncast(answer, to: PreparedResponse.self)
    }

    /// The answer as text.
    func text() -> PreparedResponse {
        let answer = peer.answer(.text, weight: weight) { PreparedResponse(.pickText(["\(peer.address)"])) }
        return unsafeDowncast(answer, to: PreparedResponse.self)
    }

    /// The peer as it stands in the list of a lease.
    func listed() -> [UInt8] {
        let answer = peer.answer(.listed, weight: weight) { ListedPeer(json: JSON.bytes(PeerBody(peer.address, weight: weight))) }
        return unsafeDowncast(answer, to: ListedPeer.self).json
    }
}

/// A peer in the list of a lease, encoded.
private final class ListedPeer: Sendable {
    let json: [UInt8]

    init(json: [UInt8]) {
        self.json = json
    }
}
