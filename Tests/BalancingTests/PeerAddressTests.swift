import Balancing
import Testing

struct PeerAddressTests {
    @Test(arguments: [
        ("10.0.0.1:8080", "10.0.0.1:8080"), ("10.0.0.1:08080", "10.0.0.1:8080"), ("0.0.0.0:1", "0.0.0.0:1"),
        ("255.255.255.255:65535", "255.255.255.255:65535"), ("[::1]:80", "[::1]:80"), ("[0:0:0:0:0:0:0:1]:80", "[::1]:80"),
        ("[2001:DB8::0:1]:443", "[2001:db8::1]:443"), ("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80"),
        ("[2001:db8:0:1:1:1:1:1]:80", "[2001:db8:0:1:1:1:1:1]:80"), ("[2001:0:0:1:0:0:0:1]:80", "[2001:0:0:1::1]:80"),
    ])
    func `a peer is written in its canonical form`(text: String, canonical: String) throws {
        let address = try PeerAddress(text)
        #expect("\(address)" == canonical)
        #expect(try PeerAddress(canonical) == address)
    }

    @Test(arguments: [
        ("10.0.0.1", "no port"), ("10.0.0.1:", "port"), ("10.0.0.1:0", "1 to 65535"), ("10.0.0.1:65536", "1 to 65535"),
        ("10.0.0.1:+80", "1 to 65535"), ("10.0.0.1:8 0", "1 to 65535"), ("example.com:80", "names are not resolved"),
        ("localhost:80", "names are not resolved"), ("10.0.0:80", "not an IPv4"), ("10.0.0.01:80", "not an IPv4"), ("::1:80", "needs brackets"),
        ("[::1%lo]:80", "zone"), ("[::1]", "port"), ("[]:80", "not an IPv4"), (":80", "not an IPv4"), ("", "no port"),
        ("[10.0.0.1]:80", "not an IPv4"),
        ("10.0.0.1:80:", "port"), ("[::1]80", "port"), ("10.0.0.1\u{0}:80", "zero byte"),
    ])
    func `what is not an address and a port is refused with the reason`(text: String, reason: String) {
        let error = #expect(throws: PeerAddressError.self) { try PeerAddress(text) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `an IPv4 address and the same address mapped into IPv6 are two peers`() throws {
        #expect(try PeerAddress("10.0.0.1:80") != PeerAddress("[::ffff:10.0.0.1]:80"))
    }

    @Test func `peers are ordered by family, address and port`() throws {
        let texts = ["10.0.0.1:80", "10.0.0.1:81", "10.0.0.2:80", "200.0.0.1:1", "[::1]:80", "[2001:db8::1]:80"]
        #expect(try texts.reversed().map { try PeerAddress($0) }.sorted().map(\.description) == texts)
    }
}
