import Balancing
import Discovery
import Testing

@testable import FileSource

struct PeersFileTests {
    private func table(_ text: String) throws -> SourceTable {
        try PeersFile.table(from: Array(text.utf8))
    }

    private func value(_ yaml: String) throws -> PeerValue? {
        let table = try table("services: {web: {'10.0.0.1:80': \(yaml)}}")
        return try table.services["web"]?[PeerAddress("10.0.0.1:80")]
    }

    private func refusal(_ text: String) -> String {
        do {
            _ = try table(text)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `every field is read`() throws {
        let value = try value("{weight: 2.5, check_url: /up, slow_start: 3, status: drain, zone: a, metadata: {version: 7, name: x}}")
        let metadata = ["version": "7", "name": "x"]
        #expect(value == PeerValue(weight: 2.5, checkURL: "/up", slowStart: 3, status: .down, zone: "a", metadata: metadata))
    }

    @Test func `JSON is a peers file`() throws {
        let table = try table("{\n\t\"services\": {\n\t\t\"web\": {\"10.0.0.1:80\": {\"weight\": 7, \"zone\": \"\\u00e4\"}}, \"empty\": {}\n\t}\n}\n")
        #expect(table.services.mapValues(\.count) == ["web": 1, "empty": 0])
        #expect(table.services["web"]?.values.first == PeerValue(weight: 7, zone: "ä"))
    }

    @Test(arguments: ["null", "~", "", "5", "text", "[1, 2]", "{}", "{unknown: 1}", "{weight: null, zone: ~, status: }"])
    func `a value that is not a mapping, and what is not given, takes the defaults`(yaml: String) throws {
        #expect(try value(yaml) == .default)
    }

    @Test func `an explicit null says that a peer is not checked`() throws {
        #expect(try value("{check_url: null}")?.checkURL == "")
    }

    @Test(arguments: [
        ("{weight: '5'}", "weight: expected a number (line 1)"),
        ("{weight: yes}", "weight: expected a number (line 1)"),
        ("{weight: [5]}", "weight: expected a number (line 1)"),
        ("{weight: .inf}", "weight: found inf, allowed is 0 to 65535 (line 1)"),
        ("{weight: .nan}", "weight: found nan, allowed is 0 to 65535 (line 1)"),
        ("{weight: -1}", "weight: found -1.0, allowed is 0 to 65535 (line 1)"),
        ("{slow_start: 86401}", "slow_start: found 86401.0, allowed is 0 to 86400 seconds (line 1)"),
        ("{zone: [a]}", "zone: expected a string (line 1)"),
        ("{metadata: [a]}", "metadata: expected a mapping of strings (line 1)"),
        ("{metadata: {a: [b]}}", "metadata.a: expected a string (line 1)"),
        ("{check_url: up}", "check_url: allowed is a path such as /health, an http or https URL, tcp: or an empty text (line 1)"),
    ])
    func `a field that is not valid skips the peer, and says why`(yaml: String, reason: String) throws {
        let table = try table("services: {web: {'10.0.0.1:80': \(yaml), '10.0.0.2:80': {}}}")
        #expect(table.skipped == ["web/10.0.0.1:80": reason])
        #expect(table.peerCount == 1)
    }

    @Test func `keys that are no peers or services are skipped alone`() throws {
        let table = try table("services: {web: {here:80: {}, '10.0.0.1:80': {}, [1]: {}}, a b: {'10.0.0.1:80': {}}, a/b: {'10.0.0.1:80': {}}}")
        #expect(Set(table.skipped.keys) == ["web/here:80", "web/", "a b", "a/b"])
        #expect(table.services.mapValues(\.count) == ["web": 1])
    }

    @Test func `of two spellings of one peer the first in the alphabet counts`() throws {
        let table = try table("services: {web: {'[::1]:80': {weight: 1}, '[0:0::1]:80': {weight: 2}}}")
        #expect(table.services["web"]?.values.map(\.weight) == [2])
        #expect(table.skipped.keys.sorted() == ["web/[::1]:80"])
    }

    @Test func `anchors and merge keys save writing`() throws {
        let table = try table(
            """
            defaults: &small {weight: 5, zone: a}
            services:
              web:
                10.0.0.1:80: *small
                10.0.0.2:80: {<<: *small, zone: b}
            """
        )
        let values = table.services["web"]?.sorted { $0.key < $1.key }.map(\.value)
        #expect(values == [PeerValue(weight: 5, zone: "a"), PeerValue(weight: 5, zone: "b")])
    }

    @Test func `no service and a service without peers are valid`() throws {
        #expect(try table("services: {}").services.isEmpty)
        #expect(try table("services: {web: {}, api: }\nother: 1").services.keys.sorted() == ["api", "web"])
    }

    @Test func `peers that say the same share one value`() throws {
        let table = try table("services: {web: {'10.0.0.1:80': {weight: 3}, '10.0.0.2:80': {weight: 3}}}")
        let values = table.services["web"].map { Array($0.values) } ?? []
        #expect(values.count == 2 && values[0] === values[1])
    }

    @Test(arguments: [
        ("", ": is empty: a file without peers says services: {}"),
        ("# nothing\n", ": is empty: a file without peers says services: {}"),
        ("[]", ":1:1: the file: expected a mapping"),
        ("service: {}", ": has no key services"),
        ("services:", ":1:10: services: expected a mapping"),
        ("services: [web]", ":1:11: services: expected a mapping"),
        ("services:\n  web:\n    - 10.0.0.1:80\n", ":3:5: service web: expected a mapping"),
        ("services: {web: 5}", ":1:17: service web: expected a mapping"),
        ("services: {[a]: {}}", ":1:12: expected the name of a service"),
        ("services:\n  web: {}\n  web: {}\n", ":2:3: given more than once: \"web\""),
        ("services: {web: {'10.0.0.1:80': {},\n 10.0.0.1:80: {weight: 5}}}", ":1:18: given more than once: \"10.0.0.1:80\""),
        ("services: {a: {}\n", ":2:1: while parsing a flow mapping: did not find expected ',' or '}'"),
        ("services:\n\tweb: {}", ":2:1: while scanning for the next token: found character that cannot start any token"),
        ("services: {}\n---\nservices: {}\n", ":2:1: expected a single document in the stream: but found another document"),
        ("services: {}\nab\u{1}", ":2:3: control characters are not allowed"),
    ])
    func `a file that is not valid is refused with its place`(text: String, reason: String) {
        #expect(refusal(text) == reason)
    }

    @Test func `a file that is not UTF-8 is refused`() {
        #expect(throws: PeersFile.Invalid.self) { try PeersFile.table(from: [0x61, 0xff]) }
    }

    @Test func `a file nested beyond all measure is refused, not a crash`() {
        #expect(refusal("services: " + String(repeating: "[", count: 100_000)) != "")
    }

    /// A file in which nine to the seventh nodes are written with 400 bytes; `use` says where.
    private func expanding(_ use: String) -> String {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...7 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        return text + "services: {web: {'10.0.0.1:80': \(use)}}\n"
    }

    @Test(arguments: ["{metadata: {a: *a7}}", "*a7", "{? *a7 : 1}", "{<<: *a7}", "{}"])
    func `aliases that expand beyond all measure refuse the file at once`(use: String) {
        let began = ContinuousClock.now
        #expect(refusal(expanding(use)).contains("aliases"), "\(refusal(expanding(use)))")
        #expect(began.duration(to: .now) < .seconds(5))
    }

    @Test func `many peers may share one anchor`() throws {
        let peers = (0..<5000).map { "    10.0.\($0 / 250).\($0 % 250):80: *small\n" }.joined()
        let fields = "{weight: 5, zone: europe-west-1b, metadata: {version: '2.17.3', team: storage, rack: r17, generation: blue}}"
        #expect(try table("defaults: &small \(fields)\nservices:\n  web:\n\(peers)").peerCount == 5000)
    }
}
