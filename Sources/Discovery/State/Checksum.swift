internal import CZlib

/// The CRC-32 of bytes that come in pieces (RFC 1952, 8).
struct Checksum {
    private var value: UInt = 0

    mutating func add(_ bytes: some Collection<UInt8>) {
        value = bytes.withContiguousStorageIfAvailable { crc32_z(value, $0.baseAddress, $0.count) } ?? value
    }

    /// Eight hexadecimal digits.
    var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}
