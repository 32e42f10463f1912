/// What a source knows of the store's history, and what each answer of Kubernetes means for it.
///
/// A pure value: requests come out, decoded answers go in. The rules are those of the Kubernetes API concepts, "Efficient detection of
/// changes": a list is read in pages at one version, the watch goes on from that, and is begun again from the version of the last event
/// or bookmark, as long as the API server has what came after.
///
/// Lists are asked for without a version, the first one too, so that they are current: the cached ones, which a version of 0 brings, may be
/// of any age, older than what this server or another replica of it had before, and have no pages.
///
/// Before a watch is begun again the store must prove that its history is the known one: that it is not behind, and that what was written
/// last is there as it was, now or at the end of what is known. Kubernetes itself says nothing when a cluster was restored from a backup: a
/// watch from a version that the store has yet to reach is just silent, also when something changes. A store that has dropped the known
/// version can prove nothing; then objects that were written earlier can still refute it, by being older than they were.
struct Session: Sendable {
    private let resource: KubernetesSource.Resource
    private let fullPageSize: Int
    private var pageSize: Int

    /// The version up to which everything is known; `nil`: list.
    private(set) var version: ResourceVersion? {
        didSet { newest = version ?? newest }
    }
    /// The version that the store has been seen to have, also when the place to go on from is lost. `nil` before a list.
    private var newest: ResourceVersion?
    /// Whether the next list is of another history than what is known, so that what it lacks need not be gone.
    private(set) var isHistoryBroken = false
    private var witnesses = Witnesses()
    /// The version of a list under way; `nil` before its first page.
    private var listVersion: ResourceVersion?
    /// How often in a row the API server has failed without a reason.
    private var internalErrors = 0

    /// So many internal errors in a row lose the place: it may be what the API server cannot serve.
    private static let internalErrorLimit = 3

    /// Makes a session that knows nothing.
    init(resource: KubernetesSource.Resource, pageSize: Int) {
        self.resource = resource
        fullPageSize = max(1, pageSize)
        self.pageSize = fullPageSize
    }

    /// Has the session list: the place to go on from is gone.
    ///
    /// - Returns: `reason`.
    @discardableResult
    mutating func losePlace(_ reason: String = "") -> String {
        version = nil
        return reason
    }

    /// Forgets the store: it is another one now, whose versions say nothing about those that are known.
    mutating func forget() {
        let knewStore = newest != nil
        self = Session(resource: resource, pageSize: fullPageSize)
        isHistoryBroken = knewStore
    }

    /// Notes that the API server has failed without a reason (status 500): that passes most often, as when etcd elects a leader.
    mutating func noteInternalError() {
        internalErrors += 1
        guard internalErrors >= Self.internalErrorLimit else { return }
        internalErrors = 0
        losePlace()
    }

    /// Notes that a watch has worked.
    mutating func noteSuccess() {
        internalErrors = 0
    }

    private mutating func otherHistory(_ description: String) -> Refusal {
        losePlace()
        isHistoryBroken = true
        return Refusal(description: description, showsOtherHistory: true)
    }

    /// Refuses what is older than what is known.
    private mutating func check(_ found: ResourceVersion) throws(Refusal) {
        guard let newest, found.isOlder(than: newest) else { return }
        throw otherHistory("the store is at version \(found), but was at \(newest) before: the cluster was wiped or restored")
    }

    private func check(kind: String?, apiVersion: String?, isList: Bool) throws(Refusal) {
        let expected = resource.kind + (isList ? "List" : "")
        guard kind == expected, apiVersion == resource.apiVersion else {
            throw Refusal(
                description: "expected kind \(expected) of \(resource.apiVersion), found \(kind ?? "none") of \(apiVersion ?? "none")"
            )
        }
    }

    private mutating func addWitness(_ object: EndpointObject) {
        guard let metadata = object.metadata, let name = metadata.name, let uid = metadata.uid,
            let version = ResourceVersion(metadata.resourceVersion ?? "")
        else { return }
        witnesses.add(.init(namespace: metadata.namespace ?? "", name: name, uid: uid, version: version))
    }
}

// MARK: - List

extension Session {
    /// Begins a list: the request for its first page.
    mutating func startList() -> ListRequest {
        losePlace()
        listVersion = nil
        witnesses = Witnesses()
        return ListRequest(limit: pageSize)
    }

    /// Makes the pages of this list smaller: one was too large to be read. `false`: they hold one object already.
    mutating func shrinkPages() -> Bool {
        guard pageSize > 1 else { return false }
        pageSize = max(1, pageSize / 8)
        return true
    }

    /// Takes a page of the list. When it was the last one, ``version`` is that of the list; look at ``isHistoryBroken`` before.
    ///
    /// - Returns: the request for the next page; `nil` when the list is complete.
    mutating func receive(_ page: ObjectList, to request: ListRequest) throws(Refusal) -> ListRequest? {
        let found = try version(of: page)
        // Not refused: this list is what there is now.
        if let newest, found.isOlder(than: newest) { isHistoryBroken = true }
        if let listVersion, found != listVersion {
            throw Refusal(description: "the pages of a list have versions \(listVersion) and \(found), expected one")
        }
        listVersion = found
        for item in page.items ?? [] {
            guard item.metadata?.name?.isEmpty == false else { throw Refusal(description: "an item of the list has no name") }
            addWitness(item)
        }
        guard let next = page.metadata?.continue, !next.isEmpty else {
            version = found
            return nil
        }
        guard next != request.continueToken else { throw Refusal(description: "a page of the list is followed by itself") }
        return ListRequest(limit: pageSize, continueToken: next)
    }

    /// Notes that the list was delivered: what follows is of its history. Later lists begin with full pages again.
    mutating func finishList() {
        isHistoryBroken = false
        pageSize = fullPageSize
    }

    private func version(of page: ObjectList) throws(Refusal) -> ResourceVersion {
        try check(kind: page.kind, apiVersion: page.apiVersion, isList: true)
        guard let version = ResourceVersion(page.metadata?.resourceVersion ?? "") else {
            throw Refusal(description: "the list has no resourceVersion")
        }
        return version
    }
}

// MARK: - Proof

extension Session {
    /// What an answer to a proof means.
    enum Proof {
        /// The history is the known one.
        case proved
        /// The object was written again, or is gone: what to ask for next; `nil` when there is nothing, and a list must come first.
        case undecided(ListRequest?)
    }

    /// Begins a proof that the store's history is the known one: the request for the object that was written last.
    ///
    /// `nil` when nothing is known, or nothing is left to prove it by: then a list must come first.
    func startProof() -> ListRequest? {
        guard version != nil, let witness = witnesses.latest else { return nil }
        return ListRequest(limit: 1, only: (namespace: witness.namespace, name: witness.name))
    }

    /// Goes on without the known version, which the store has dropped: it can no longer prove the history, but one of the objects that
    /// were written before may refute it.
    ///
    /// - Returns: the request for the next of them; `nil` when there is none, and a list must come first.
    func goOnWithoutVersion(after request: ListRequest) -> ListRequest? {
        guard let only = request.only, let witness = witnesses.before(only.name, in: only.namespace) else { return nil }
        return ListRequest(limit: 1, only: (namespace: witness.namespace, name: witness.name), refutesOnly: true)
    }

    /// Takes the answer to a request of a proof; refuses one that shows another history.
    mutating func receive(proof: ObjectList, to request: ListRequest) throws(Refusal) -> Proof {
        guard let version, let only = request.only, let witness = witnesses.named(only.name, in: only.namespace) else {
            throw Refusal(description: "a proof came when nothing was known")
        }
        let storeVersion = try self.version(of: proof)
        if request.exactly == nil { try check(storeVersion) }
        let metadata = proof.items?.first?.metadata
        let found = metadata.flatMap { $0.name == witness.name ? ResourceVersion($0.resourceVersion ?? "") : nil }
        if let found, found == witness.version, metadata?.uid == witness.uid {
            return request.refutesOnly ? .undecided(goOnWithoutVersion(after: request)) : .proved
        }
        guard request.exactly == nil, found.map({ version.isOlder(than: $0) }) ?? true else {
            throw otherHistory(
                "\(witness.name) is at version \(found?.description ?? "none"), but was at \(witness.version) before: the cluster was restored"
            )
        }
        return .undecided(request.refutesOnly ? goOnWithoutVersion(after: request) : ListRequest(limit: 1, only: request.only, exactly: version))
    }
}

// MARK: - Watch

extension Session {
    /// What an event means.
    enum Step: Equatable {
        /// An object is there, and as it is now.
        case written(EndpointObject)
        /// An object is gone.
        case deleted(EndpointObject)
        /// Nothing has changed up to ``Session/version``.
        case progress
        /// The place to go on from is gone: why. A list comes next.
        case placeLost(String)
        /// The watch has failed.
        case failed(Status)
    }

    /// Begins a watch; `nil` when a list must come first.
    func startWatch() -> WatchRequest? {
        version.map { WatchRequest(version: $0) }
    }

    /// Takes an event of the watch. One that is refused may have been a change, so that a list comes next.
    mutating func receive(_ event: WatchEvent) throws(Refusal) -> Step {
        do throws(Refusal) {
            return try step(event)
        } catch {
            losePlace()
            throw error
        }
    }

    private mutating func step(_ event: WatchEvent) throws(Refusal) -> Step {
        switch event {
        case .written(let object):
            try advance(to: object)
            addWitness(object)
            return .written(object)
        case .deleted(let object):
            try advance(to: object)
            witnesses.remove(object.metadata?.name ?? "", in: object.metadata?.namespace ?? "")
            return .deleted(object)
        case .bookmark(let object):
            try advance(to: object, isBookmark: true)
            return .progress
        case .error(let status) where status.saysExpired:
            return .placeLost(losePlace(status.message ?? "the version is too old"))
        case .error(let status):
            if !status.isPassing { losePlace() }
            return .failed(status)
        }
    }

    private mutating func advance(to object: EndpointObject, isBookmark: Bool = false) throws(Refusal) {
        try check(kind: object.kind, apiVersion: object.apiVersion, isList: false)
        guard let found = ResourceVersion(object.metadata?.resourceVersion ?? "") else {
            throw Refusal(description: "an event has no resourceVersion")
        }
        guard isBookmark || object.metadata?.name?.isEmpty == false else { throw Refusal(description: "an event is about an object without a name") }
        try check(found)
        version = found
        noteSuccess()
    }
}

extension Status {
    /// Whether what was asked for is too old: the store or the API server has dropped it.
    var saysExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }

    /// Whether the same may succeed later, as it was asked for.
    var isPassing: Bool { code.map(Self.passing.contains) ?? false }

    /// The HTTP statuses that say so: too many requests, no server at the moment, an error in the server, an answer too late, no valid login.
    static let passing = [401, 403, 408, 429, 500, 502, 503, 504]
}
