internal import HTTPTransport

/// What etcd says of itself in the header fields of an answer of the keys API.
struct KeysHead: Equatable, Sendable {
    /// The cluster. A wiped store that was started with the same flags has the same one.
    var clusterID: String
    /// The index of the store when it answered: how many changes it has seen.
    var index: UInt64
    /// The term of the cluster's election, which never goes back in one history; errors leave it out.
    var raftTerm: UInt64?

    /// Reads the header fields; `nil` when they are not etcd's. No store has the last index that an integer can hold: nothing could come
    /// after it.
    init?(_ headers: HTTPHeaders) {
        guard let index = headers["X-Etcd-Index"].flatMap({ UInt64($0) }), index < .max else { return nil }
        self.clusterID = headers["X-Etcd-Cluster-Id"] ?? ""
        self.index = index
        self.raftTerm = headers["X-Raft-Term"].flatMap { UInt64($0) }
    }

    init(clusterID: String, index: UInt64, raftTerm: UInt64?) {
        self.clusterID = clusterID
        self.index = index
        self.raftTerm = raftTerm
    }
}
