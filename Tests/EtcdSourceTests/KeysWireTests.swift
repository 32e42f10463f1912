import Balancing
import Discovery
import FoundationEssentials
import HTTPTransport
import Testing

@testable import EtcdSource

/// What the keys API sends, and what it means for the peers.
struct KeysWireTests {
    private func decode<Answer: Decodable>(_ type: Answer.Type, _ text: String) throws -> Answer {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    /// What an event means to a source of this prefix: `web/10.0.0.1:80=5`, `-web/10.0.0.1:80` or `-web/*`; "nothing".
    private func change(_ prefix: String, _ action: KeysEvent.Action, _ key: String, _ value: String = "", isDirectory: Bool = false) -> String {
        var reader = PeerValueReader()
        let node = KeysNode(key: key, value: value, isDirectory: isDirectory, modifiedIndex: 1)
        switch KeySpace(pathPrefix: prefix).change(KeysEvent(action, node, index: 1), reader: &reader) {
        case nil: return "nothing"
        case .removal(let directory): return "-\(directory)/*"
        case .entry(let entry):
            switch entry.content {
            case .deleted: return "-\(entry.key)"
            case .invalid(let reason): return "\(entry.key): \(reason)"
            case .value(let value): return "\(entry.key)=\(value.weight)"
            case .named: return "+\(entry.key)"
            }
        }
    }

    // MARK: - Wire

    @Test func `the head is read from the header fields`() {
        let fields = [("x-etcd-index", "12"), ("X-Etcd-Cluster-Id", "65ab6007cf6ff544"), ("X-Raft-Term", "3"), ("X-Raft-Index", "99")]
        #expect(KeysHead(HTTPHeaders(fields)) == KeysHead(clusterID: "65ab6007cf6ff544", index: 12, raftTerm: 3))
        #expect(KeysHead(HTTPHeaders([("X-Etcd-Index", "12")])) == KeysHead(clusterID: "", index: 12, raftTerm: nil))
        #expect(KeysHead(HTTPHeaders([("X-Etcd-Index", "-1")])) == nil)
        // Nothing could come after it.
        #expect(KeysHead(HTTPHeaders([("X-Etcd-Index", "\(UInt64.max)")])) == nil)
        #expect(KeysHead(HTTPHeaders([("X-Etcd-Index", "\(UInt64.max - 1)")])) != nil)
        #expect(KeysHead(HTTPHeaders([("Content-Type", "text/plain")])) == nil)
    }

    @Test func `the recorded events are read`() throws {
        let events = try RecordedKeys.lines.map { try decode(KeysEvent.self, $0) }
        #expect(events.map(\.index) == [4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 34, 36, 38, 40, 40, 42, 44, 46])
        #expect(Set(events.map(\.action)).count == 7)
        #expect(events.filter(\.isDeletion).map(\.index) == [16, 20, 26, 30, 32, 36, 40, 40, 44])
        #expect(events.filter(\.node.isDirectory).map(\.index) == [14, 16, 22, 26, 36, 40, 40, 44])
        #expect(events[2].node.value == #"{"weight":6,"zone":"ä<"}"#)
    }

    @Test(arguments: [
        #"{"action":"move","node":{"key":"/a","modifiedIndex":1}}"#, #"{"action":"set","node":{"key":"/a"}}"#, #"{"action":"set"}"#,
        #"{"action":"set","node":{"key":"/a","modifiedIndex":18446744073709551615}}"#,
        #"{"action":"set","node":{"key":"/a","modifiedIndex":-1}}"#, #"{"action":"set","node":{"key":"/a","value":1,"modifiedIndex":1}}"#,
    ])
    func `an event that is not understood is an error, not a change that is lost`(text: String) {
        #expect(throws: DecodingError.self) { try decode(KeysEvent.self, text) }
    }

    @Test func `an error is read with its cause`() throws {
        let error = try decode(KeysError.self, #"{"errorCode":100,"message":"Key not found","cause":"/v1","index":3}"#)
        #expect("\(error)" == "Key not found: /v1 (code 100)")
        #expect(error.saysNotFound && !error.saysEventsCleared)
        #expect(try decode(KeysError.self, #"{"errorCode":104,"message":"Not a directory"}"#).saysNotFound)
        #expect(try decode(KeysError.self, #"{"errorCode":401,"message":"cleared","index":3}"#).saysEventsCleared)
    }

    @Test(arguments: [
        ("/v1/testing/services/", "/v2/keys/v1/testing/services/"), ("v1", "/v2/keys/v1/"), ("/", "/v2/keys/"), ("//a//b", "/v2/keys/a/b/"),
        ("/a b/?x=1#%/ä/", "/v2/keys/a%20b/%3Fx=1%23%25/%C3%A4/"),
    ])
    func `a prefix is asked for by its path, with a slash at the end`(prefix: String, path: String) {
        #expect(KeysClient.path(of: KeySpace(pathPrefix: prefix)) == path)
    }

    // MARK: - Meaning

    @Test func `a key is set, or gone`() {
        for action in [KeysEvent.Action.create, .set, .update, .compareAndSwap] {
            #expect(change("/p", action, "/p/web/10.0.0.1:80", #"{"weight":5}"#) == "web/10.0.0.1:80=5.0")
        }
        for action in [KeysEvent.Action.delete, .compareAndDelete, .expire] {
            #expect(change("/p", action, "/p/web/10.0.0.1:80") == "-web/10.0.0.1:80")
        }
        #expect(change("/p", .set, "/p/web/10.0.0.1:80", "not JSON") == "web/10.0.0.1:80=100.0")
        #expect(change("/p", .set, "/p/web/10.0.0.1:80", #"{"weight":"5"}"#) == "web/10.0.0.1:80: weight: expected a number")
        #expect(change("/", .set, "/web/10.0.0.1:80", "{}") == "web/10.0.0.1:80=100.0")
    }

    @Test func `a directory is no peer, takes the place of one, and goes with everything below it`() {
        for action in [KeysEvent.Action.create, .set, .update] {
            #expect(change("/p", action, "/p/web/10.0.0.1:80", isDirectory: true) == "-web/10.0.0.1:80")
        }
        for action in [KeysEvent.Action.delete, .expire] {
            #expect(change("/p", action, "/p/web", isDirectory: true) == "-web/*")
            #expect(change("/p", action, "/p/web/more", isDirectory: true) == "-web/more/*")
        }
    }

    @Test func `the prefix and what is above it take everything along, and what just begins alike nothing`() {
        for key in ["/q/p", "/q"] { #expect(change("/q/p", .delete, key, isDirectory: true) == "-/*") }
        for key in ["/q/pp", "/q/pp/web", "/q2", "/q/", "/x", "/q/p2/web/10.0.0.1:80"] {
            #expect(change("/q/p", .expire, key, isDirectory: true) == "nothing")
            #expect(change("/q/p", .set, key, "{}") == "nothing")
        }
        #expect(change("/q/p", .set, "/q", isDirectory: true) == "nothing")
    }

    @Test func `hidden keys are not there, whoever tells of them; a hidden prefix hides nothing`() {
        for key in ["/p/_web/10.0.0.1:80", "/p/web/_10.0.0.1:80", "/p/_"] {
            #expect(change("/p", .set, key, "{}") == "nothing")
            #expect(change("/p", .delete, key, isDirectory: true) == "nothing")
        }
        #expect(change("/_p", .set, "/_p/web_1/10.0.0.1:80", "{}") == "web_1/10.0.0.1:80=100.0")
    }

    @Test func `a list is read at any depth, and a key where the prefix should be is named`() throws {
        func entries(_ text: String, _ prefix: String) throws -> [String] {
            var reader = PeerValueReader()
            var found: [String] = []
            let root = try decode(KeysAnswer.self, text).node
            KeySpace(pathPrefix: prefix).forEachEntry(from: root, reader: &reader) { found.append($0.key) }
            return found
        }
        let tree = #"""
            {"action":"get","node":{"dir":true,"nodes":[
                {"key":"/config","value":"x","modifiedIndex":3,"createdIndex":3},
                {"key":"/web","dir":true,"nodes":[
                    {"key":"/web/10.0.0.1:80","value":"{}","modifiedIndex":4,"createdIndex":4},
                    {"key":"/web/more","dir":true,"nodes":[{"key":"/web/more/x","value":"","modifiedIndex":5}]},
                    {"key":"/web/empty","dir":true}
                ]}
            ]}}
            """#
        #expect(try entries(tree, "/") == ["config", "web/10.0.0.1:80", "web/more/x"])
        #expect(try entries(#"{"action":"get","node":{"key":"/p","value":"x","modifiedIndex":3}}"#, "/p") == [""])
    }
}
