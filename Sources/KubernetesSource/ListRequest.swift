/// What is asked for in one request for a page of a list.
struct ListRequest: Sendable {
    /// Objects of a page at most.
    let limit: Int
    /// Where the page before ended; `nil`: the first page.
    var continueToken: String?
    /// The one object that is wanted; `nil`: all.
    var only: (namespace: String, name: String)?
    /// The version of the store at which it is read; `nil`: the newest.
    var exactly: ResourceVersion?
    /// Whether the one object was written before others that are not there to prove a history: as it was, it says nothing of them.
    var refutesOnly = false
}

/// What is asked for with a watch.
struct WatchRequest: Sendable, Equatable {
    /// The version that is known: what came after is sent.
    let version: ResourceVersion
}
