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
/// 3.5.8). So no progress is asked for, and the store is compared instead: no key written since and as many keys as before are the same
/// keys as before.
struct Session: Sendable {
    private let keys: KeySpace
    private let largestPageSize: Int64
    private var pageSize: Int64

    /// The revision from which on changes are not known; `nil`: list.
    private(set) var resumeRevision: Int64? {
        didSet {
            if let resumeRevision { knownRevision = resumeRevision - 1 }
        }
    }
    /// The revision that the store has been seen to have: who answers with an earlier one lags behind, or lost it. 0 before a list.
    private var knownRevision: Int64 = 0
    private var clusterID: UInt64?
    private var raftTerm: UInt64 = 0
    private var witnesses = Witnesses()
    /// How many keys there are, peers or not.
    private var keyCount: Int64 = 0
    /// The revision at which a list under way is read; `nil` before its first page.
    private var listRevision: Int64?
    /// Where the page that was asked for begins.
    private var pageStart: [UInt8] = []
    /// The watch that etcd has created; `nil` before.
    private var watchID: Int64?

    /// Makes a session that knows nothing.
    init(keys: KeySpace, pageSize: Int64) {
        self.keys = keys
        self.largestPageSize = pageSize
        self.pageSize = pageSize
    }

    /// Whether a store with a history is known.
    var isKnowing: Bool { knownRevision > 0 }

    /// Forgets the store: its history was broken, and what is there is a new beginning.
    mutating func forget() {
        let pageSize = pageSize
        self = Session(keys: keys, pageSize: largestPageSize)
        self.pageSize = pageSize
    }

    private static let noHeader = Refusal(description: "the answer has no header: this is not etcd")

    private static let olderTerm = Refusal(
        description: "the cluster's term of election has gone back: it was wiped or restored",
        showsOtherHistory: true
    )

    /// Refuses what is not of the known history, going by the header alone.
    private func check(_ header: ResponseHeader) throws(Refusal) {
        guard let clusterID else { return }
        guard header.clusterID == clusterID else {
            throw Refusal(description: "the endpoint belongs to another cluster now", showsOtherHistory: true)
        }
        guard header.revision >= knownRevision else {
            throw Refusal(
                description: "the store is at revision \(header.revision), but was at \(knownRevision) before: "
                    + "it lags behind, or was wiped or restored",
                showsOtherHistory: true
            )
        }
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
        pageStart = keys.prefix
        return RangeRequest(key: keys.prefix, rangeEnd: keys.end, limit: pageSize)
    }

    private static let shrinkage: Int64 = 8

    /// Makes the pages of the next list smaller: one was too large to be read, or too slow. `false`: they hold one key already.
    ///
    /// With each list that was complete they grow again: small pages make a list quadratic, and a network is not slow for ever.
    mutating func shrinkPages() -> Bool {
        guard pageSize > 1 else { return false }
        pageSize = max(1, pageSize / Self.shrinkage)
        return true
    }

    /// Takes a page of the list.
    ///
    /// - Returns: the request for the next page; `nil` when the list is complete.
    mutating func receive(_ page: RangeResponse) throws(Refusal) -> RangeRequest? {
        guard let header = page.header, header.revision > 0 else {
            throw Self.noHeader
        }
        try check(header)
        guard header.raftTerm >= raftTerm else { throw Self.olderTerm }
        for keyValue in [page.keyValues.first, page.keyValues.last] where keyValue?.key.lexicographicallyPrecedes(pageStart) ?? false {
            // A list whose pages do not go on would never end.
            throw Refusal(description: "a page of the list begins before the place that was asked for: this is not etcd")
        }
        clusterID = header.clusterID
        raftTerm = header.raftTerm
        for keyValue in page.keyValues { witnesses.add(keyValue) }
        keyCount += Int64(page.keyValues.count)
        let revision = listRevision ?? header.revision
        listRevision = revision
        guard page.hasMore else {
            resumeRevision = revision + 1
            pageSize = min(largestPageSize, pageSize * Self.shrinkage)
            return nil
        }
        guard let last = page.keyValues.last else { throw Refusal(description: "a page of the list is empty, but says that more follow") }
        pageStart = last.key + [0]
        return RangeRequest(key: pageStart, rangeEnd: keys.end, limit: pageSize, revision: revision)
    }
}

// MARK: - Proof

extension Session {
    /// Begins a proof that the store's history is ours: the requests for what was written last, and for the number of keys, both as they
    /// were at the end of what is known. Without the number, a store that has lost nothing but deletions would pass.
    ///
    /// `nil` when nothing is known, or nothing is left to prove it by: then a list must come first.
    func startProof() -> (witness: RangeRequest, count: RangeRequest)? {
        guard let resumeRevision, let witness = witnesses.latest else { return nil }
        return (
            RangeRequest(key: witness.key, limit: 1, revision: resumeRevision - 1),
            RangeRequest(key: keys.prefix, rangeEnd: keys.end, limit: 0, revision: resumeRevision - 1, isCountOnly: true)
        )
    }

    /// Takes the answers to a proof; refuses them when they are none.
    mutating func receive(proof witness: RangeResponse, count: RangeResponse) throws(Refusal) {
        guard let header = count.header else { throw Self.noHeader }
        try check(header)
        guard count.count == keyCount else {
            throw Refusal(
                description: "the store had \(count.count) keys at the known revision, not \(keyCount): it was wiped or restored",
                showsOtherHistory: true
            )
        }
        try receive(witness: witness)
    }

    /// Takes what was written last; refuses what is not as it was.
    private mutating func receive(witness proof: RangeResponse) throws(Refusal) {
        guard resumeRevision != nil, let witness = witnesses.latest else { return }
        guard let header = proof.header else { throw Self.noHeader }
        try check(header)
        guard header.raftTerm >= raftTerm else { throw Self.olderTerm }
        guard proof.keyValues == [witness] else {
            throw Refusal(
                description: "what was written last is not in the store as it was: it was wiped or restored",
                showsOtherHistory: true
            )
        }
        raftTerm = header.raftTerm
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
    /// - Returns: that something has changed, and what is known must be listed again; `nil` when nothing has.
    mutating func receive(changes: RangeResponse, witness: RangeResponse) throws(Refusal) -> String? {
        guard let resumeRevision, let header = changes.header, let later = witness.header else {
            throw Self.noHeader
        }
        try check(header)
        guard later.revision >= header.revision else {
            throw Refusal(description: "the store's revision went back between two answers", showsOtherHistory: true)
        }
        let wasRewritten = witness.keyValues.first?.modRevision ?? .max >= resumeRevision
        if !wasRewritten { try receive(witness: witness) }
        guard !wasRewritten, changes.keyValues.isEmpty, changes.count == keyCount else {
            return losePlace("revision \(resumeRevision - 1) was compacted, and keys have changed since")
        }
        self.resumeRevision = header.revision + 1
        return nil
    }

    /// Has the session list: the place to resume is gone, the store and its history are the same.
    ///
    /// - Returns: `reason`.
    mutating func losePlace(_ reason: String) -> String {
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
        /// Where the watch should have resumed is gone from the store, which is the same: why. The session begins with a list.
        case placeLost(String)
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
        if let header = response.header, header.clusterID != clusterID { try check(header) }
        if response.isCreated { return try created(response) }
        let isAnnounced = response.events.isEmpty && response.watchID == -1
        guard let watchID, response.watchID == watchID || isAnnounced else { return .none }
        guard let first = response.events.first, let last = response.events.last else {
            guard let revision = response.header?.revision, revision >= resumeRevision else { return .none }
            self.resumeRevision = revision + 1
            return .progress(revision: revision)
        }
        guard first.keyValue.modRevision >= resumeRevision, last.keyValue.modRevision >= first.keyValue.modRevision else {
            throw Refusal(
                description: "an event of revision \(first.keyValue.modRevision) came when \(resumeRevision) was next",
                showsOtherHistory: true
            )
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
            let reason = "revision \(resumeRevision) has been compacted, the oldest one left is \(response.compactRevision)"
            return .placeLost(losePlace(reason))
        }
        throw Refusal(description: response.cancelReason.isEmpty ? "etcd canceled the watch" : response.cancelReason)
    }

    private mutating func created(_ response: WatchResponse) throws(Refusal) -> Step {
        guard let header = response.header else { throw Self.noHeader }
        // A watch from a revision that the store has yet to reach would just be silent, until other changes have that number.
        try check(header)
        watchID = response.watchID
        return .watching
    }
}
