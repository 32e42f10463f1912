import Balancing
import Testing

struct ServiceNameTests {
    @Test(arguments: ["a", "web", "A-b_c.9", "...", ".a", String(repeating: "x", count: 253)])
    func `letters, digits, dash, underscore and dot make a name`(name: String) {
        #expect(ServiceName.isValid(name))
    }

    @Test(arguments: ["", ".", "..", "a/b", "a b", "ä", "a%2Fb", "a\u{0}", String(repeating: "x", count: 254)])
    func `anything else does not`(name: String) {
        #expect(!ServiceName.isValid(name))
    }
}
