/// What a source knows of the store's history, and what each answer of etcd means for it.
///
/// A pure value: requests come out, decoded answers go in. The rules are those of etcd's watch API: a list is read at one revision,
/// the watch goes on with the next, and is resumed behind the last *event*. The header's revision of an answer with events
/// is not the place to resume: while a watch catches up it is far ahead of the events.
///
/// Before a watch is resumed the store must prove that its history is ours: it may have been wiped or restored, and written past our
/// revision since, and a wiped store that was started with the same flags has the same cluster id.
///
/// The place to resume stays behind where nothing of ours changes, until a busy store has compacted it away. Progress would move it on, but
/// comes every ten minutes, and asked for it overtakes the events of a watch that catches up (etcd issue 15220; before 3.4.25 and
/// 3.5.8). So the store is compared instead: no key written since and as many keys as before are the same keys as before.
struct Session: Sendable {
    /// An answer that cannot be used; the attempt has failed.
    struct Refusal: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    private let keys: KeySpace
    private let pageSize: Int64

    /// The revision from which on changes are not known; `nil`: nothing is known, list.
    private(set) var resumeRevision: Int64?
    private var clusterID: UInt64?
    private var raftTerm: UInt64 = 0
    private var witnesses = Witnesses()
    /// How many keys there are, peers or not.
    private var keyCount: Int64 = 0
    /// The revision at which a list under way is read; `nil` before its first page.
    private var listRevision: Int64?
    /// The watch that etcd has created; `nil` before.
    private var watchID: Int64?

    /// Makes a session that knows nothing.
    init(keys: KeySpace, pageSize: Int64) {
        self.keys = keys
        self.pageSize = pageSize
    }
}

// MARK: - List

extension Session {
    /// Begins a list: the request for its first page.
    mutating func startList() -> RangeRequest {
        resumeRevision = nil
        listRevision = nil
        witnesses = Witnesses()
        keyCount = 0
        return RangeRequest(key: keys.prefix, rangeEnd: keys.end, limit: pageSize)
    }

    /// Takes a page of the list.
    ///
    /// - Returns: the request for the next page; `nil` when the list is complete.
    mutating func receive(_ page: RangeResponse) throws(Refusal) -> RangeRequest? {
        guard let header = page.header, header.revision > 0 else {
            throw Refusal(description: "the answer has no header: this is not etcd")
        }
        if listRevision != nil, header.clusterID != clusterID {
            throw Refusal(description: "the pages of a list came from two clusters")
        }
        clusterID = header.clusterID
        raftTerm = header.raftTerm
        for keyValue in page.keyValues { witnesses.add(keyValue) }
        keyCount += Int64(page.keyValues.count)
        let revision = listRevision ?? header.revision
        listRevision = revision
        guard page.hasMore else {
            resumeRevision = revision + 1
            return nil
        }
        guard let last = page.keyValues.last else { throw Refusal(description: "a page of the list is empty, but says that more follow") }
        return RangeRequest(key: last.key + [0], rangeEnd: keys.end, limit: pageSize, revision: revision)
    }
}

// MARK: - Proof

extension Session {
    /// Begins a proof that the store's history is ours: the request for what was written last, as it was at the end of what is known.
    ///
    /// `nil` when nothing is known, or nothing is left to prove it by: then a list must come first.
    func startProof() -> RangeRequest? {
        guard let resumeRevision, let witness = witnesses.latest else { return nil }
        return RangeRequest(key: witness.key, limit: 1, revision: resumeRevision - 1)
    }

    /// Takes the answer to a proof.
    ///
    /// - Returns: why the history is not ours, which the session has forgotten then; `nil` when it is.
    mutating func receive(proof: RangeResponse) throws(Refusal) -> String? {
        guard resumeRevision != nil, let witness = witnesses.latest else { return nil }
        guard let header = proof.header else { throw Refusal(description: "the answer has no header: this is not etcd") }
        guard header.clusterID == clusterID else { return forget("the endpoint belongs to another cluster now") }
        guard header.raftTerm >= raftTerm, proof.keyValues == [witness] else {
            return forget("what was written last is not in the store as it was: it was wiped or restored")
        }
        raftTerm = header.raftTerm
        return nil
    }

    /// Begins a comparison, for a store that does not have the revision of a proof: the requests for what was written since, and then for
    /// what was written last before, both as they are now.
    ///
    /// `nil` when nothing is known, or nothing is left to compare.
    func startComparison() -> (changes: RangeRequest, witness: RangeRequest)? {
        guard let resumeRevision, let witness = witnesses.latest else { return nil }
        return (
            RangeRequest(key: keys.prefix, rangeEnd: keys.end, limit: 1, minimumModRevision: resumeRevision, isKeysOnly: true),
            RangeRequest(key: witness.key, limit: 1)
        )
    }

    /// Takes the answers to a comparison. When the store holds just what is known, the watch goes on behind the revision that shows it.
    ///
    /// Every key that is there was written before, so that it is known; and there are as many as are known. Nothing is missed but keys
    /// that came and went.
    ///
    /// - Returns: why the history is not ours, or that ours has changed, which the session has forgotten then; `nil` when nothing has.
    mutating func receive(changes: RangeResponse, witness: RangeResponse) throws(Refusal) -> String? {
        guard let resumeRevision, let revision = changes.header?.revision, let later = witness.header?.revision else {
            throw Refusal(description: "the answer has no header: this is not etcd")
        }
        if let header = changes.header, header.clusterID != clusterID { return forget("the endpoint belongs to another cluster now") }
        guard revision >= resumeRevision - 1, later >= revision else {
            return forget("the store is at revision \(revision), but was at \(resumeRevision - 1) before: it was wiped or restored")
        }
        if let loss = try receive(proof: witness) { return loss }
        guard changes.keyValues.isEmpty, changes.count == keyCount else {
            return forget("revision \(resumeRevision - 1) was compacted, and keys have changed since")
        }
        self.resumeRevision = revision + 1
        return nil
    }

    private mutating func forget(_ reason: String) -> String {
        resumeRevision = nil
        watchID = nil
        return reason
    }
}

// MARK: - Watch

extension Session {
    /// What an answer of the watch means.
    enum Step: Equatable {
        /// The watch stands: from now on silence means that nothing has changed.
        case watching
        /// Changes, in their order; everything up to this revision is known with them.
        case changes([WatchResponse.Event], revision: Int64)
        /// Nothing has changed up to this revision.
        case progress(revision: Int64)
        /// Nothing to do.
        case none
        /// Where the watch should have resumed is not known to the store: why. The session has forgotten it, and begins with a list.
        case historyLost(String)
    }

    /// Begins a watch; `nil` when a list must come first.
    mutating func startWatch() -> WatchRequest? {
        watchID = nil
        return resumeRevision.map { WatchRequest(key: keys.prefix, rangeEnd: keys.end, startRevision: $0) }
    }

    /// Takes an answer of the watch.
    mutating func receive(_ response: WatchResponse) throws(Refusal) -> Step {
        guard let resumeRevision else { throw Refusal(description: "an answer came to a watch that has ended") }
        // First: a refused watch is `created` and `canceled` in one, and etcd leaves the stream of a canceled one open and silent.
        if response.isCanceled { return try canceled(response, resumeRevision) }
        if let header = response.header, header.clusterID != clusterID {
            return lose("the endpoint belongs to another cluster now")
        }
        if response.isCreated { return created(response, resumeRevision) }
        let isAnnounced = response.events.isEmpty && response.watchID == -1
        guard let watchID, response.watchID == watchID || isAnnounced else { return .none }
        guard let first = response.events.first, let last = response.events.last else {
            guard let revision = response.header?.revision, revision >= resumeRevision else { return .none }
            self.resumeRevision = revision + 1
            return .progress(revision: revision)
        }
        guard first.keyValue.modRevision >= resumeRevision, last.keyValue.modRevision >= first.keyValue.modRevision else {
            return lose("an event of revision \(first.keyValue.modRevision) came when \(resumeRevision) was next")
        }
        for event in response.events {
            event.isDeletion ? witnesses.remove(event.keyValue.key) : witnesses.add(event.keyValue)
            keyCount += event.isDeletion ? -1 : event.keyValue.version == 1 ? 1 : 0
        }
        self.resumeRevision = last.keyValue.modRevision + 1
        return .changes(response.events, revision: last.keyValue.modRevision)
    }

    private mutating func canceled(_ response: WatchResponse, _ resumeRevision: Int64) throws(Refusal) -> Step {
        if response.compactRevision > 0 || response.cancelReason.contains("compacted") {
            return lose("revision \(resumeRevision) has been compacted, the oldest one left is \(response.compactRevision)")
        }
        throw Refusal(description: response.cancelReason.isEmpty ? "etcd canceled the watch" : response.cancelReason)
    }

    private mutating func created(_ response: WatchResponse, _ resumeRevision: Int64) -> Step {
        // A watch from a revision that the store has yet to reach would just be silent, until other changes have that number.
        let revision = response.header?.revision ?? 0
        guard revision >= resumeRevision - 1 else {
            return lose("the store is at revision \(revision), but was at \(resumeRevision - 1) before: it was wiped or restored")
        }
        watchID = response.watchID
        return .watching
    }

    private mutating func lose(_ reason: String) -> Step {
        .historyLost(forget(reason))
    }
}
