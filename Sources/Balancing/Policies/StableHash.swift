/// A hash that is the same in every process, on every machine and in every version.
///
/// 64-bit FNV-1a (draft-eastlake-fnv) of the bytes, then the finalizer of MurmurHash3 (`fmix64`), because the upper bits of FNV-1a change
/// little with the last bytes. There is no seed. Not for what an adversary chooses.
package enum StableHash {
    private static let offset: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01B3

    /// The hash of some bytes.
    package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        mix(fnv1a(bytes))
    }

    /// 64-bit FNV-1a.
    package static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(offset) { ($0 ^ UInt64($1)) &* prime }
    }

    /// The finalizer of MurmurHash3: every bit of the result depends on every bit of the number.
    static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ (mixed >> 33)
    }
}
