import FoundationEssentials

@testable import EtcdSource

/// A watch as etcd 3.4.23 sent it: a catch-up over three revisions, an update, and the deletion of two keys at once.
enum RecordedStream {
    /// The lines, the first of which says that the watch was created.
    static let lines = [
        created(4),
        #"{"result":{\#(header(4)),"events":[\#(events[0]),\#(events[1]),\#(events[2])]}}"#,
        #"{"result":{\#(header(5)),"events":[\#(events[3])]}}"#,
        #"{"result":{\#(header(6)),"events":[\#(events[4]),\#(events[5])]}}"#,
    ]

    private static func created(_ revision: Int) -> String {
        #"{"result":{\#(header(revision)),"created":true}}"#
    }

    private static func header(_ revision: Int) -> String {
        #""header":{"cluster_id":"324952591200643719","member_id":"3319814642761637952","revision":"\#(revision)","raft_term":"2"}"#
    }

    private static let events = [
        #"{"kv":{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4xOjgw","create_revision":"2","mod_revision":"2","version":"1","#
            + #""value":"eyJ3ZWlnaHQiOjV9"}}"#,
        #"{"kv":{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4yOjgw","create_revision":"3","mod_revision":"3","version":"1"}}"#,
        #"{"kv":{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4zOjgw","create_revision":"4","mod_revision":"4","version":"1","#
            + #""value":"eyJ3ZWlnaHQiOjcsInpvbmUiOiLDpCJ9"}}"#,
        #"{"kv":{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4xOjgw","create_revision":"2","mod_revision":"5","version":"2","#
            + #""value":"eyJ3ZWlnaHQiOjZ9"}}"#,
        #"{"type":"DELETE","kv":{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4xOjgw","mod_revision":"6"}}"#,
        #"{"type":"DELETE","kv":{"key":"L3YxL3Rlc3Rpbmcvc2VydmljZXMvd2ViLzEwLjAuMC4yOjgw","mod_revision":"6"}}"#,
    ]

    /// What etcd sends to a watch that begins at `revision` when all of this has happened.
    static func replay(from revision: Int64) throws -> [String] {
        let missed = try lines.dropFirst().filter { line in
            let response = try JSONDecoder().decode(WatchResponse.self, from: Data(line.utf8))
            return response.events.contains { $0.keyValue.modRevision >= revision }
        }
        return [created(6)] + missed
    }
}
