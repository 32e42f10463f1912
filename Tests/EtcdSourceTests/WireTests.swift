import FoundationEssentials
import Testing

@testable import EtcdSource

struct WireTests {
    private func decode<Answer: Decodable>(_ type: Answer.Type, _ json: String) throws -> Answer {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }

    private func json(_ request: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(request), as: UTF8.self)
    }

    @Test func `a page of keys is read`() throws {
        let page = try decode(
            RangeResponse.self,
            #"""
            {"header":{"cluster_id":"14841639068965178418","member_id":"10","revision":"4","raft_term":"2"},
             "kvs":[{"key":"YS9i","create_revision":"2","mod_revision":"3","version":"1","value":"eyJ3ZWlnaHQiOjV9","lease":"7"},{"key":"YS9j"}],
             "more":true,"count":"3","new_in_3_7":{}}
            """#
        )
        #expect(page.header == ResponseHeader(clusterID: 14_841_639_068_965_178_418, revision: 4, raftTerm: 2))
        let value = Array(#"{"weight":5}"#.utf8)
        var first = KeyValue(key: Array("a/b".utf8), value: value, modRevision: 3)
        first.createRevision = 2
        first.version = 1
        #expect(page.keyValues == [first, KeyValue(key: Array("a/c".utf8), modRevision: 0)])
        #expect(page.hasMore && page.count == 3)
    }

    @Test func `integers may be numbers, and are never cut short`() throws {
        #expect(try decode(ResponseHeader.self, #"{"cluster_id":7,"revision":8}"#) == ResponseHeader(clusterID: 7, revision: 8, raftTerm: 0))
        #expect(throws: DecodingError.self) { try decode(ResponseHeader.self, #"{"revision":"9223372036854775808"}"#) }
        #expect(throws: DecodingError.self) { try decode(ResponseHeader.self, #"{"revision":"1e3"}"#) }
    }

    @Test(arguments: [
        #"{"header":{"revision":"MAX"}}"#, #"{"header":{"revision":MAX}}"#,
        #"{"header":{"revision":"1"},"kvs":[{"key":"YQ==","mod_revision":"MAX"}]}"#,
    ])
    func `a revision that nothing could come after is refused in a list, and in a comparison`(text: String) throws {
        let last = text.replacing("MAX", with: "9223372036854775807")
        #expect(throws: DecodingError.self) { try decode(RangeResponse.self, last) }
        _ = try decode(RangeResponse.self, text.replacing("MAX", with: "9223372036854775806"))
    }

    @Test(arguments: [
        #"{"header":{"revision":"MAX"}}"#, #"{"header":{"revision":"1"},"events":[{"kv":{"key":"YQ==","mod_revision":"MAX"}}]}"#,
        #"{"events":[{"type":"DELETE","kv":{"key":"YQ==","mod_revision":"MAX"}}]}"#,
    ])
    func `a revision that nothing could come after is refused in progress and in events`(text: String) throws {
        let last = #"{"result":\#(text.replacing("MAX", with: "9223372036854775807"))}"#
        #expect(throws: DecodingError.self) { try decode(WatchResponse.self, last) }
        _ = try decode(WatchResponse.self, last.replacing("5807", with: "5806"))
    }

    @Test func `what is not etcd's answer has no header`() throws {
        #expect(try decode(RangeResponse.self, "{}").header == nil)
        #expect(throws: DecodingError.self) { try decode(RangeResponse.self, "<html>") }
        #expect(throws: DecodingError.self) { try decode(WatchResponse.self, "{}") }
    }

    @Test func `the answers of a watch are read`() throws {
        let responses = try RecordedStream.lines.map { try decode(WatchResponse.self, $0) }
        #expect(responses.map(\.isCreated) == [true, false, false, false])
        #expect(responses.map { $0.events.map(\.keyValue.modRevision) } == [[], [2, 3, 4], [5], [6, 6]])
        #expect(responses.map { $0.events.map(\.isDeletion) } == [[], [false, false, false], [false], [true, true]])
        #expect(responses[1].events[1].keyValue.value == [])
        let canceled = try decode(WatchResponse.self, #"{"result":{"header":{"cluster_id":"3"},"canceled":true,"compact_revision":"5"}}"#)
        #expect(canceled.isCanceled && canceled.compactRevision == 5 && canceled.header == ResponseHeader(clusterID: 3, revision: 0, raftTerm: 0))
        let refused = try decode(
            WatchResponse.self,
            #"{"result":{"watch_id":"-1","created":true,"canceled":true,"cancel_reason":"rpc error: code = Unauthenticated"}}"#
        )
        #expect(refused.watchID == -1 && refused.isCreated && refused.isCanceled && refused.cancelReason.hasSuffix("Unauthenticated"))
    }

    @Test func `an event of an unknown type is an error, not a change that is lost`() throws {
        let put = try decode(WatchResponse.Event.self, #"{"type":"PUT","kv":{"key":"YQ==","mod_revision":"1"}}"#)
        #expect(put == WatchResponse.Event(keyValue: KeyValue(key: Array("a".utf8), modRevision: 1)))
        #expect(throws: DecodingError.self) { try decode(WatchResponse.Event.self, #"{"type":"MOVE","kv":{"key":"YQ=="}}"#) }
        #expect(throws: DecodingError.self) { try decode(WatchResponse.Event.self, #"{"type":"PUT"}"#) }
    }

    @Test(arguments: [
        #"{"error":"compacted","message":"compacted","code":11}"#,  // 3.4
        #"{"error":"compacted","code":11}"#,
        #"{"code":11,"message":"compacted","details":[]}"#,  // 3.6
        #"{"error":{"grpc_code":11,"http_code":400,"message":"compacted","http_status":"Bad Request"}}"#,  // a stream of 3.4
        #"{"error":{"code":11,"message":"compacted","details":[]}}"#,  // a stream of 3.6
    ])
    func `every shape of an error is read`(text: String) throws {
        let expected = GatewayError(code: 11, message: "compacted")
        #expect(try decode(GatewayError.self, text) == expected)
        guard text.contains(#""error""#) else { return }
        #expect(throws: expected) { try decode(RangeResponse.self, text) }
        #expect(throws: expected) { try decode(WatchResponse.self, text) }
    }

    @Test func `requests are what etcd documents`() throws {
        let range = RangeRequest(key: Array("a/".utf8), rangeEnd: Array("a0".utf8), limit: 10, revision: 7)
        #expect(try json(range) == #"{"key":"YS8=","limit":"10","range_end":"YTA=","revision":"7"}"#)
        let first = RangeRequest(key: Array("a/".utf8), rangeEnd: Array("a0".utf8), limit: 10)
        #expect(try json(first) == #"{"key":"YS8=","limit":"10","range_end":"YTA="}"#)
        let changes = RangeRequest(key: Array("a/".utf8), rangeEnd: Array("a0".utf8), limit: 1, minimumModRevision: 7, isKeysOnly: true)
        #expect(try json(changes) == #"{"key":"YS8=","keys_only":true,"limit":"1","min_mod_revision":"7","range_end":"YTA="}"#)
        let watch = WatchRequest(key: Array("a/".utf8), rangeEnd: Array("a0".utf8), startRevision: 8)
        #expect(
            try json(watch) == #"{"create_request":{"key":"YS8=","progress_notify":true,"range_end":"YTA=","start_revision":"8"}}"#
        )
    }
}
