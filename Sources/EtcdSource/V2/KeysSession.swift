/// What a source knows of the store's history, and what each answer of the keys API means for it.
///
/// A pure value: decoded answers go in. A watch is opened first, from now on, and the store is listed second, at an index that the watch
/// includes: nothing can be missed between the two, however long the list takes and however busy the rest of the store is. The other way
/// round the watch would begin in the past, of which etcd keeps no more than the last 1,000 changes of the whole store. Events that the
/// list shows already are told by their index.
///
/// A stream of etcd goes silent, without an end, in two cases (probed on 3.4.23), so that it is believed only as far as that cannot
/// have happened, and the watch begun again behind its last event:
/// - etcd holds 100 events for a stream. When they are not sent fast enough and one more comes, that and all later ones are lost.
/// - A stream that begins in the past brings one event of the past, and no other.
///
/// In the same way a member that catches up by a snapshot of its leader tells nobody what has changed by that: so the store is listed
/// again now and then, whatever its stream says.
///
/// A list costs the store and this process as much as it is long. It takes a tenth of the time at most: until ten times as long as the last
/// one took has passed, events are fetched one by one, and when their past is gone, the next list waits.
struct KeysSession: Sendable {
    /// How many events of a stream are believed.
    private static let trustedEvents = 100
    /// How long events are fetched one by one from the past; where that is not enough to catch up, a list costs less, if it may come.
    private static let longestCatchUp = Duration.seconds(1)
    /// How long the store is not listed at most, while events come.
    private static let longestTrust = Duration.seconds(300)
    /// How many times as long as the last list the pause after it is; never longer than ``longestTrust``.
    private static let listPauseFactor = 10

    private let keys: KeySpace
    /// The index up to which everything is known: that of a list, or of the last event behind it; `nil` before a list.
    private(set) var knownIndex: UInt64?
    private var clusterID = ""
    private var raftTerm: UInt64 = 0
    /// When the store is to be listed again; `nil` before a list.
    private var listDue: ContinuousClock.Instant?
    /// Before this the store is not listed; `nil` before a list.
    private var earliestList: ContinuousClock.Instant?
    /// Whether the next watch may begin where the last one ended, without a list.
    private var mayContinue = false
    /// Since when events are fetched one by one; `nil`: the last one was not.
    private var catchUpBegan: ContinuousClock.Instant?
    /// The index at which the watch was asked to begin; `nil`: at that of its beginning.
    private var waitIndex: UInt64?
    /// The store's index when the watch began.
    private var startIndex: UInt64 = 0
    private var eventCount = 0
    /// Whether the watch is believed no further: it is to be begun again.
    private(set) var isWatchSpent = false

    /// Makes a session that knows nothing.
    init(keys: KeySpace) {
        self.keys = keys
    }

    /// Whether a store with a history is known.
    var isKnowing: Bool { knownIndex != nil }

    /// Forgets the store: its history was broken, and what is there is a new beginning.
    mutating func forget() {
        let earliestList = earliestList
        self = KeysSession(keys: keys)
        self.earliestList = earliestList
    }

    /// How long a list still has to wait.
    func listPause(at now: ContinuousClock.Instant) -> Duration {
        earliestList.map { max(.zero, now.duration(to: $0)) } ?? .zero
    }

    /// Refuses what is not of the known history.
    private func check(_ head: KeysHead) throws(Refusal) {
        guard let knownIndex else { return }
        guard head.clusterID == clusterID else {
            throw Refusal(description: "the endpoint belongs to another cluster now", showsOtherHistory: true)
        }
        guard head.index >= knownIndex else {
            throw Refusal(
                description: "the store is at index \(head.index), but was at \(knownIndex) before: "
                    + "it lags behind, or was wiped or restored",
                showsOtherHistory: true
            )
        }
        guard head.raftTerm ?? .max >= raftTerm else {
            throw Refusal(description: "the cluster's term of election has gone back: it was wiped or restored", showsOtherHistory: true)
        }
    }
}

// MARK: - Beginning

extension KeysSession {
    /// Begins a watch.
    ///
    /// - Returns: the index at which it has to begin, and then goes on where the last one ended; `nil`: it begins now, and a list has to
    ///   follow.
    mutating func startWatch() -> UInt64? {
        waitIndex = mayContinue ? knownIndex.map { $0 + 1 } : nil
        mayContinue = false
        isWatchSpent = false
        eventCount = 0
        return waitIndex
    }

    /// Takes the head of the watch's answer.
    mutating func receive(watch head: KeysHead) throws(Refusal) {
        // A member that lags behind is no harm to a watch that begins now: it catches up before it answers the list.
        if waitIndex != nil { try check(head) }
        startIndex = head.index
    }

    /// Takes the list that follows a watch: the directory of the prefix, or `nil` if there is nothing.
    ///
    /// - Parameter began: when it was asked for.
    mutating func receive(
        list root: KeysNode?,
        _ head: KeysHead,
        began: ContinuousClock.Instant,
        now: ContinuousClock.Instant
    ) throws(Refusal) {
        earliestList = now + min(Self.longestTrust, began.duration(to: now) * Self.listPauseFactor)
        try check(head)
        guard head.index >= startIndex else {
            throw Refusal(
                description: "the store was at index \(startIndex) for a watch, and at \(head.index) for the list after it",
                showsOtherHistory: true
            )
        }
        guard root?.key ?? keys.directory == keys.directory else {
            throw Refusal(description: "the answer is not about what was asked for: this is not etcd")
        }
        knownIndex = head.index
        clusterID = head.clusterID
        raftTerm = head.raftTerm ?? raftTerm
        listDue = now + Self.longestTrust
        catchUpBegan = nil
    }

    /// Has the session list: the place to go on is gone, the store and its history are the same.
    ///
    /// - Returns: `reason`.
    mutating func losePlace(_ reason: String) -> String {
        mayContinue = false
        return reason
    }
}

// MARK: - Events

extension KeysSession {
    /// Takes an event of the watch; look at ``isWatchSpent`` afterwards.
    ///
    /// - Returns: whether it is news. Another one is in the list already, or came twice, as the deletion of the prefix itself does.
    mutating func receive(_ event: KeysEvent, now: ContinuousClock.Instant) throws(Refusal) -> Bool {
        guard let knownIndex, let listDue, !isWatchSpent else { throw Refusal(description: "an event came to a watch that has ended") }
        let isOfThePast = waitIndex != nil && event.index <= startIndex
        guard !isOfThePast || event.index > knownIndex else {
            throw Refusal(description: "an event of index \(event.index) came when \(knownIndex + 1) was next", showsOtherHistory: true)
        }
        eventCount += 1
        catchUpBegan = isOfThePast ? catchUpBegan ?? now : nil
        let isBehind = catchUpBegan.map { now >= $0 + Self.longestCatchUp } ?? false
        let isListDue = (now >= listDue || isBehind) && listPause(at: now) == .zero
        isWatchSpent = isOfThePast || eventCount >= Self.trustedEvents || isListDue
        mayContinue = isWatchSpent && !isListDue
        guard event.index > knownIndex else { return false }
        self.knownIndex = event.index
        return true
    }
}
