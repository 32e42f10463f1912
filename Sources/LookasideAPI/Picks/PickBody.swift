internal import Balancing
internal import HTTPServing

/// A peer as clients need it to connect.
struct PeerBody: Encodable {
    let peer: String
    let host: String
    let port: UInt16
    let weight: Double

    init(_ peer: PeerAddress, weight: Double) {
        self.peer = "\(peer)"
        self.host = peer.host
        self.port = peer.port
        self.weight = weight
    }
}

/// The answer to a single pick.
struct PickBody: Encodable {
    let service: String
    let peer: String
    let host: String
    let port: UInt16
    let weight: Double
    let panic: Bool?
    let stale: Bool?
    let excluded: Bool?

    static func response(service: String, peer: PeerAddress, weight: Double, flags: Pick.Flags) -> HTTPResponse {
        let body = PickBody(
            service: service,
            peer: "\(peer)",
            host: peer.host,
            port: peer.port,
            weight: weight,
            panic: flags.contains(.panic) ? true : nil,
            stale: flags.contains(.stale) ? true : nil,
            excluded: flags.contains(.excluded) ? true : nil
        )
        return .json(body, headers: [(name: "X-Lookaside-Peer", value: body.peer)])
    }
}

/// What the answer to a lease holds beside its list of peers.
struct LeaseBody: Encodable {
    let service: String
    let validSeconds: Double
    let panic: Bool?
    let stale: Bool?
    let excluded: Bool?

    enum CodingKeys: String, CodingKey {
        case service, validSeconds = "valid_seconds", panic, stale, excluded
    }

    /// A lease: the peers' own JSON joined into one list.
    ///
    /// - Parameter isKept: whether a peer's JSON is kept for the next lease: not when the picks are only looked at.
    static func response(service: String, picks: [Pick], validSeconds: Double, isKept: Bool) -> HTTPResponse {
        let flags = picks.reduce(into: Pick.Flags()) { $0.formUnion($1.flags) }
        let body = LeaseBody(
            service: service,
            validSeconds: validSeconds,
            panic: flags.contains(.panic) ? true : nil,
            stale: flags.contains(.stale) ? true : nil,
            excluded: flags.contains(.excluded) ? true : nil
        )
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128 * (picks.count + 1))
        bytes += #"{"peers":["#.utf8
        for (position, pick) in picks.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += isKept ? pick.listed() : JSON.bytes(PeerBody(pick.peer.address, weight: pick.weight))
        }
        bytes += "],".utf8
        bytes += JSON.bytes(body).dropFirst()
        return .json(bytes: bytes, headers: [(name: "X-Lookaside-Peer", value: picks.first.map { "\($0.peer.address)" } ?? "")])
    }
}

extension HTTPResponse {
    /// Peers as text, one `host:port` a line.
    static func pickText(_ peers: [String]) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [
                (name: "Content-Type", value: "text/plain; charset=utf-8"), (name: "Cache-Control", value: "no-store"),
                (name: "X-Lookaside-Peer", value: peers.first ?? ""),
            ],
            body: Array(peers.map { "\($0)\n" }.joined().utf8)
        )
    }
}
