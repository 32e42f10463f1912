import Balancing
import Discovery
import Testing

@testable import EtcdSource

/// Keys and values of etcd, through the table that the control plane keeps.
struct KeySpaceTests {
    private let keys = KeySpace(prefix: "/p/")
    private var reader = PeerValueReader()
    private var table = SourceTable()

    @discardableResult
    private mutating func put(_ key: String, _ value: String) -> String? {
        put(Array(key.utf8), value)
    }

    private mutating func put(_ key: [UInt8], _ value: String) -> String? {
        table.apply(keys.entry(KeyValue(key: Array("/p/".utf8) + key, value: Array(value.utf8), modRevision: 1), reader: &reader))
    }

    @discardableResult
    private mutating func delete(_ key: [UInt8]) -> String? {
        let event = WatchResponse.Event(isDeletion: true, keyValue: KeyValue(key: Array("/p/".utf8) + key, modRevision: 1))
        return table.apply(keys.entry(event, reader: &reader))
    }

    private func value(_ peer: String) throws -> PeerValue? {
        try table.services["web"]?[PeerAddress(peer)]
    }

    @Test func `the range of a prefix ends before the next sibling`() {
        for prefix in ["/v1/services", "/v1/services/"] {
            let keys = KeySpace(prefix: prefix)
            #expect(String(decoding: keys.prefix, as: UTF8.self) == "/v1/services/")
            #expect(String(decoding: keys.end, as: UTF8.self) == "/v1/services0")
        }
    }

    @Test mutating func `a key names a service and a peer`() throws {
        #expect(put("web/10.0.0.1:80", #"{"weight":2.5,"zone":"a"}"#) == "web")
        #expect(put("web/[2001:DB8::0:1]:0080", "{}") == "web")
        #expect(try value("10.0.0.1:80") == PeerValue(weight: 2.5, zone: "a"))
        #expect(try value("[2001:db8::1]:80") == .default)
        #expect(table.skipped.isEmpty)
    }

    @Test(arguments: [
        "", "web", "web/", "web/10.0.0.1", "web/10.0.0.1:0", "web/10.0.0.1:65536", "web/example.org:80", "web/::1:80", "/10.0.0.1:80",
        "we b/10.0.0.1:80", "../10.0.0.1:80", "web/10.0.0.1:80/", "web/10.0.0.1:80/check", "web/10.0.0.1\0:80", "wéb/10.0.0.1:80",
    ])
    mutating func `a key of any other form is skipped with a reason, and its deletion ends that`(key: String) {
        #expect(put(key, "{}") == nil)
        #expect(table.skipped.keys.sorted() == [key])
        #expect(table.services.isEmpty)
        #expect(delete(Array(key.utf8)) == nil)
        #expect(table.skipped.isEmpty)
    }

    @Test mutating func `a key that is not UTF-8 is skipped with a reason, and never taken for another`() {
        let keys: [[UInt8]] = [Array("web/10.0.0.1".utf8) + [0xff] + Array(":80".utf8), Array("web/10.0.0.1".utf8) + [0xfe] + Array(":80".utf8)]
        for key in keys { #expect(put(key, "{}") == nil) }
        let reason = "the key is not UTF-8 text"
        #expect(table.skipped == [#"web/10.0.0.1\xff:80"#: reason, #"web/10.0.0.1\xfe:80"#: reason])
        delete(keys[0])
        #expect(table.skipped == [#"web/10.0.0.1\xfe:80"#: reason])
    }

    @Test(arguments: ["", "up", "5", "null", "[1]", #""text""#, "{", #"{"weight":5"#, "\u{0}", #"{"weight":NaN}"#])
    mutating func `a value that is not a JSON object takes all defaults`(text: String) throws {
        #expect(put("web/10.0.0.1:80", text) == "web")
        #expect(try value("10.0.0.1:80") == .default)
        #expect(table.skipped.isEmpty)
    }

    @Test(arguments: [
        (#"{"weight":"5"}"#, "weight: expected a number"), (#"{"weight":true}"#, "weight: expected a number"),
        (#"{"weight":-0.5}"#, "weight: found -0.5, allowed is 0 to 65535"), (#"{"weight":65536}"#, "weight: found 65536.0, allowed is 0 to 65535"),
        (#"{"slow_start":-1}"#, "slow_start: found -1.0, allowed is 0 to 86400 seconds"), (#"{"status":1}"#, "status: expected a string"),
        (#"{"metadata":{"a":1}}"#, "metadata.a: expected a string"), (#"{"metadata":[]}"#, "metadata: expected a mapping of strings"),
    ])
    mutating func `a field of the wrong type or out of range skips the key, an earlier valid value stays`(text: String, reason: String) throws {
        #expect(put("web/10.0.0.1:80", text) == "web")
        #expect(table.services == ["web": [:]] && table.skipped == ["web/10.0.0.1:80": reason])
        put("web/10.0.0.1:80", #"{"weight":7}"#)
        #expect(table.skipped.isEmpty)
        #expect(put("web/10.0.0.1:80", text) == "web")
        #expect(try value("10.0.0.1:80") == PeerValue(weight: 7))
        #expect(table.skipped == ["web/10.0.0.1:80": reason])
        delete(Array("web/10.0.0.1:80".utf8))
        #expect(table.peerCount == 0 && table.skipped.isEmpty)
    }

    @Test mutating func `an earlier valid value stays through a list as well`() throws {
        put("web/10.0.0.1:80", #"{"weight":7}"#)
        put("web/10.0.0.2:80", #"{"weight":7}"#)
        let earlier = table
        table = SourceTable()
        put("web/10.0.0.1:80", #"{"weight":"heavy"}"#)
        table.keepValidValues(of: earlier)
        #expect(table.services["web"]?.count == 1)
        #expect(try value("10.0.0.1:80") == PeerValue(weight: 7))
    }

    @Test mutating func `of two keys for one peer the first in the alphabet counts, whichever comes first`() throws {
        put("web/[::1]:80", #"{"weight":1}"#)
        put("web/[0::1]:80", #"{"weight":2}"#)
        #expect(table.peerCount == 1 && table.skipped.keys.sorted() == ["web/[::1]:80"])
        #expect(try value("[::1]:80")?.weight == 2)
        put("web/[::1]:80", #"{"weight":3}"#)
        #expect(try value("[::1]:80")?.weight == 2)
        delete(Array("web/[0::1]:80".utf8))
        #expect(try value("[::1]:80")?.weight == 3)
        #expect(table.peerCount == 1 && table.skipped.isEmpty)
        delete(Array("web/[::1]:80".utf8))
        #expect(table.services.isEmpty && table.peerCount == 0)
    }

    @Test mutating func `null is absent, but an explicit null says that a peer is not checked`() throws {
        put("web/10.0.0.1:80", #"{"weight":null,"zone":null,"status":null,"check_url":null,"other":{"a":[]}}"#)
        #expect(try value("10.0.0.1:80") == PeerValue(checkURL: ""))
    }
}
