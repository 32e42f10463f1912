/// What etcd says of itself in every answer.
struct ResponseHeader: Decodable, Equatable, Sendable {
    /// The cluster. A wiped store that was started with the same flags has the same one.
    var clusterID: UInt64
    /// The revision of the store when it answered; 0 when left out, as etcd does in the cancellation of a watch.
    var revision: Int64
    /// The term of the cluster's election, which never goes back in one history.
    var raftTerm: UInt64

    private enum CodingKeys: String, CodingKey {
        case clusterID = "cluster_id", revision, raftTerm = "raft_term"
    }

    init(clusterID: UInt64, revision: Int64, raftTerm: UInt64) {
        self.clusterID = clusterID
        self.revision = revision
        self.raftTerm = raftTerm
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        clusterID = try fields.decodeInteger(forKey: .clusterID)
        revision = try fields.decodeRevision(forKey: .revision)
        raftTerm = try fields.decodeInteger(forKey: .raftTerm)
    }
}
