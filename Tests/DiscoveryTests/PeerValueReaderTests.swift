import Balancing
import Discovery
import Testing

struct PeerValueReaderTests {
    private var reader = PeerValueReader()

    private mutating func read(_ json: String) -> PeerValue? {
        guard case .value(let value) = reader.content(of: Array(json.utf8)) else { return nil }
        return value
    }

    private mutating func reason(_ json: String) -> String? {
        guard case .invalid(let reason) = reader.content(of: Array(json.utf8)) else { return nil }
        return reason
    }

    @Test mutating func `every field is read`() throws {
        let value = try #require(
            read(#"{"weight":2.5,"check_url":"/ping","slow_start":10,"status":"up","zone":"a","metadata":{"version":"2"},"more":[1]}"#)
        )
        #expect(value == PeerValue(weight: 2.5, checkURL: "/ping", slowStart: 10, status: .up, zone: "a", metadata: ["version": "2"]))
    }

    @Test(arguments: ["", "100", "up", #""text""#, "[1]", "null", "true", "{", #"{"weight":1"#, "{}"])
    mutating func `what is not a JSON object takes all defaults`(json: String) {
        #expect(read(json) == .default)
    }

    @Test mutating func `null is absent, but a check that is null is none`() {
        #expect(read(#"{"weight":null,"slow_start":null,"status":null,"zone":null,"metadata":null}"#) == .default)
        #expect(read(#"{"check_url":null}"#)?.checkURL == "")
    }

    @Test(arguments: ["down", "UP", "", "maintenance"])
    mutating func `any status but up takes no picks`(status: String) {
        #expect(read(#"{"status":"\#(status)"}"#)?.isCandidate == false)
    }

    @Test mutating func `weight zero takes no picks`() {
        #expect(read(#"{"weight":0}"#)?.isCandidate == false)
        #expect(read(#"{"weight":65535}"#)?.isCandidate == true)
    }

    @Test(arguments: [
        (#"{"weight":"5"}"#, "weight: expected a number"), (#"{"weight":-1}"#, "weight: found -1.0, allowed is 0 to 65535"),
        (#"{"weight":65536}"#, "weight: found 65536.0, allowed is 0 to 65535"), (#"{"weight":true}"#, "weight: expected a number"),
        (#"{"slow_start":-1}"#, "slow_start: found -1.0, allowed is 0 to 86400"), (#"{"slow_start":86401}"#, "slow_start"),
        (#"{"check_url":5}"#, "check_url: expected a string"), (#"{"check_url":"health"}"#, "check_url: allowed is"),
        (#"{"status":1}"#, "status: expected a string"),
        (#"{"zone":1}"#, "zone: expected a string"), (#"{"metadata":[]}"#, "metadata: expected a mapping of strings"),
        (#"{"metadata":{"a":1}}"#, "metadata.a: expected a string"),
    ])
    mutating func `a wrong type or a number out of range is invalid and the field is named`(json: String, expected: String) {
        let reason = reason(json)
        #expect(reason?.hasPrefix(expected) == true, "\(reason ?? "valid")")
    }

    @Test mutating func `a number that no computer holds is invalid, not a default`() {
        #expect(reason(#"{"weight":1e400}"#)?.contains("cannot be represented") == true)
    }

    @Test mutating func `equal texts share one value`() {
        #expect(read(#"{"weight":7}"#) === read(#"{"weight":7}"#))
    }

    @Test mutating func `long texts are not kept`() {
        let texts = [1024, 1025].map { #"{"zone":"\#(String(repeating: "a", count: $0 - 11))"}"# }
        #expect(texts.map(\.utf8.count) == [1024, 1025])
        #expect(read(texts[0]) === read(texts[0]))
        #expect(read(texts[1]) !== read(texts[1]))
    }
}
