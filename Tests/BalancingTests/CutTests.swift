import Balancing
import Testing

struct CutTests {
    @Test(arguments: [
        ("", ""), ("1234567890", "1234567890"), ("12345678901", "1234567…"), ("ééééé", "ééééé"), ("éééééé", "ééé…"), ("12345é78901", "12345é…"),
        ("123456é8901", "123456…"), ("e" + String(repeating: "\u{301}", count: 9), "e\u{301}\u{301}\u{301}…"),
    ])
    func `a text is cut to its bytes, and no character in two`(text: String, expected: String) {
        #expect(text.cut(bytes: 10) == expected)
        #expect(text.cut(bytes: 10).utf8.count <= 10)
    }
}
