/// Something that knows peers: etcd, a file, Kubernetes.
///
/// A source only speaks its own protocol. It delivers whole states and changes to its ``SourceFeed``; combining,
/// publication, backoff between sessions and staleness live once, in this target.
package protocol Source: Sendable {
    /// Runs one session: gets a complete state or resumes from where the last session ended, then follows the changes.
    ///
    /// Returns when the session has ended in good order: the next one begins at once, or after a fraction of a second if this one was
    /// short. Throws when it failed, and is called again after a pause. Ends early, by throwing, when its task is cancelled.
    func run(_ feed: SourceFeed) async throws

    /// How long to wait between sessions that fail; by default up to 5 s.
    var backoff: Backoff { get }
}

extension Source {
    /// The default pauses.
    package var backoff: Backoff { Backoff() }
}

/// An error of a session that says when another one may begin.
package protocol DelayingError: Error {
    /// How long the other side wants to be left alone, in addition to the pause that follows any failure.
    var delay: Duration { get }
}
