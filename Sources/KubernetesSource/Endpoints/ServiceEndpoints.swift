internal import Balancing
internal import Discovery

/// What all objects of one service say together.
struct ServiceEndpoints {
    /// Whether there is any object of the service.
    private(set) var isNamed = false
    private(set) var peers: [PeerAddress: PeerValue] = [:]
    /// What is wrong, by the key under which it is shown.
    private(set) var problems: [String: String] = [:]

    /// Makes a service without objects.
    init() {}

    /// Joins objects, the latest one first.
    ///
    /// An endpoint that is being moved from one slice to another may be in both for a while: then the later slice is right. Two pods may
    /// have one address as well, when one is about to leave and the other has come: then, of what is right, the one that can be picked counts.
    init(_ contributions: [(key: String, contribution: Contribution)]) {
        isNamed = !contributions.isEmpty
        // Which pods were found at an address, where there are several.
        var identities: [PeerAddress: Set<String>] = [:]
        for (key, contribution) in contributions {
            for peer in contribution.peers {
                guard let known = peers[peer.address] else {
                    peers[peer.address] = peer.value
                    continue
                }
                guard identities[peer.address, default: [known.identity]].insert(peer.value.identity).inserted else { continue }
                if peer.value.isBetter(than: known) { peers[peer.address] = peer.value }
            }
            problems[key] = contribution.problem
        }
    }

    /// The changes that make this out of what was before.
    func changes(of service: String, since before: ServiceEndpoints) -> [SourceEntry] {
        var entries: [SourceEntry] = []
        if isNamed, !before.isNamed { entries.append(SourceEntry(key: service, content: .named)) }
        for (key, problem) in problems where before.problems[key] != problem { entries.append(SourceEntry(key: key, content: .invalid(problem))) }
        for key in before.problems.keys where problems[key] == nil { entries.append(SourceEntry(key: key, content: .deleted)) }
        // First those that come: a service whose peers are all replaced is never without one.
        for (address, value) in peers where before.peers[address] != value {
            entries.append(SourceEntry(key: "\(service)/\(address)", content: .value(value)))
        }
        for address in before.peers.keys where peers[address] == nil {
            entries.append(SourceEntry(key: "\(service)/\(address)", content: .deleted))
        }
        if !isNamed, before.isNamed { entries.append(SourceEntry(key: service, content: .deleted)) }
        return entries
    }
}

extension PeerValue {
    /// Whether this is rather to be picked than another one at the same address.
    func isBetter(than other: PeerValue) -> Bool { status.rank < other.status.rank }
}

extension PeerValue.Status {
    fileprivate var rank: Int {
        switch self {
        case .up: 0
        case .draining: 1
        case .down: 2
        }
    }
}
