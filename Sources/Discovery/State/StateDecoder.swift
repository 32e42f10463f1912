internal import Balancing
internal import FoundationEssentials

/// Reads what ``StateEncoder`` wrote. A file that is not whole is refused as a whole: half of a fleet is worse than none.
struct StateDecoder {
    private let decoder = JSONDecoder()
    private var values: [PeerValue] = []

    mutating func decode(_ bytes: Data) throws(StateFileError) -> SavedState {
        let newline = UInt8(ascii: "\n")
        guard let headerEnd = bytes.firstIndex(of: newline), let header = try? decoder.decode(StateLine.Header.self, from: bytes[..<headerEnd]) else {
            throw StateFileError("it is not a state file of Lookaside")
        }
        guard header.version == StateLine.version else {
            throw StateFileError("it is of version \(header.version), and this program reads version \(StateLine.version)")
        }
        guard bytes.last == newline, let lastStart = bytes.dropLast().lastIndex(of: newline).map({ $0 + 1 }),
            let end = try? decoder.decode(StateLine.End.self, from: bytes[lastStart...])
        else { throw StateFileError("it has no end: it was cut") }
        var checksum = Checksum()
        checksum.add(bytes[..<lastStart])
        guard checksum.text == end.crc32 else {
            throw StateFileError("it is damaged: its checksum is \(checksum.text) and should be \(end.crc32)")
        }
        var state = SavedState(savedAt: header.savedAt, sources: header.sources.map { .init($0) })
        do {
            for line in bytes[(headerEnd + 1)..<lastStart].split(separator: newline) { try take(line, into: &state) }
        } catch {
            throw StateFileError("a line of it is not what this program writes: \(error)")
        }
        return state
    }

    private mutating func take(_ line: Data, into state: inout SavedState) throws {
        let body = try decoder.decode(StateLine.Body.self, from: line)
        values += body.values?.map(\.peerValue) ?? []
        guard let service = body.service else { return }
        for (source, peers) in (body.peers ?? []).enumerated() where state.sources.indices.contains(source) {
            guard let peers else { continue }
            var addresses: [PeerAddress: PeerValue] = Dictionary(minimumCapacity: peers.count)
            for (peer, number) in peers {
                guard values.indices.contains(number) else { throw StateFileError("there is no value \(number)") }
                addresses[try PeerAddress(peer)] = values[number]
            }
            state.sources[source].services[service] = addresses
        }
        guard let verdicts = body.verdicts, !verdicts.isEmpty else { return }
        state.verdicts[service] = Dictionary(try verdicts.map { (try PeerAddress($0), $1) }, uniquingKeysWith: { first, _ in first })
    }
}
