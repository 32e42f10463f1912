import HTTPServing
import Testing

@Suite struct PercentEncodingTests {
    private func decode(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBytes { PercentEncoding.decode($0) }
    }

    @Test(arguments: [
        ("", ""), ("web", "web"), ("a%2Fb", "a/b"), ("a%2fb", "a/b"), ("%41%42", "AB"), ("%C3%A9", "é"), ("é", "é"), ("a+b", "a+b"), ("%25", "%"),
    ])
    func `valid text is decoded`(text: String, expected: String) {
        #expect(decode(text) == expected)
    }

    @Test(arguments: [
        "%", "%2", "a%", "a%2", "%zz", "%2g", "%g2", "%-1", "%+1", "%%41", "%00", "a%00b", "%FF", "%C3", "%C3%28", "%ED%A0%80", "%C0%AF",
    ])
    func `a bad escape, a null byte and bad UTF-8 are refused`(text: String) {
        #expect(decode(text) == nil)
    }

    @Test func `raw bytes that are not UTF-8 are refused`() {
        #expect(([0x61, 0xFF] as [UInt8]).withUnsafeBytes { PercentEncoding.decode($0) } == nil)
    }
}
