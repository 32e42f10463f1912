internal import Balancing
internal import FoundationEssentials

/// Writes a state line by line, so that a fleet of any size takes the memory of one service.
struct StateEncoder {
    private let encoder = JSONEncoder()
    private var checksum = Checksum()
    private var numbers: [ObjectIdentifier: Int] = [:]
    private var numbersByValue: [PeerValue: Int] = [:]

    init() {
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    /// Gives each line, with its line end, to `write`.
    mutating func encode(_ snapshot: StateSnapshot, _ write: ([UInt8]) throws(StateFileError) -> Void) throws(StateFileError) {
        let sources = zip(snapshot.sources, snapshot.contacts).map { StateLine.Header.Source(name: $0.name, scope: $0.scope, contact: $1) }
        try write(line(StateLine.Header(version: StateLine.version, savedAt: snapshot.wallTime, sources: sources)))
        for service in Set(snapshot.tables.flatMap(\.services.keys)).sorted() {
            var fresh: [StateLine.Value] = []
            let peers = snapshot.tables.map { table in
                table.services[service].map { peers in
                    Dictionary(uniqueKeysWithValues: peers.map { ("\($0)", number(of: $1, &fresh)) })
                }
            }
            if !fresh.isEmpty { try write(line(StateLine.Body(values: fresh))) }
            let verdicts = snapshot.verdicts[service]?.saved(at: snapshot.now, wallTime: snapshot.wallTime)
            let verdictsByText = verdicts.map { Dictionary(uniqueKeysWithValues: $0.map { ("\($0)", $1) }) }
            try write(line(StateLine.Body(service: service, peers: peers, verdicts: verdictsByText)))
        }
        try write(line(StateLine.End(crc32: checksum.text)))
    }

    /// The number of a value; one that had none yet is added to `fresh`.
    private mutating func number(of value: PeerValue, _ fresh: inout [StateLine.Value]) -> Int {
        // Most peers of a fleet share a few objects, so that hardly one is compared.
        if let number = numbers[ObjectIdentifier(value)] { return number }
        let number = numbersByValue[value] ?? numbersByValue.count
        if number == numbersByValue.count {
            numbersByValue[value] = number
            fresh.append(StateLine.Value(value))
        }
        numbers[ObjectIdentifier(value)] = number
        return number
    }

    private mutating func line(_ value: some Encodable) throws(StateFileError) -> [UInt8] {
        do {
            let bytes = [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
            checksum.add(bytes)
            return bytes
        } catch {
            throw StateFileError("a state cannot be encoded: \(error)")
        }
    }
}
