internal import CLinux

/// Where a source delivers what it learns: one for each source, made by ``ControlPlane/feed(for:)``.
package struct SourceFeed: Sendable {
    private let controlPlane: ControlPlane
    private let source: Int
    /// What operators see of the source.
    package let monitor: SourceMonitor
    private var followsBrokenHistory = false

    init(controlPlane: ControlPlane, source: Int, monitor: SourceMonitor) {
        self.controlPlane = controlPlane
        self.source = source
        self.monitor = monitor
    }

    /// The feed for complete states of a store that is not the one known before: what they lack need not be gone.
    package var afterBrokenHistory: SourceFeed {
        var feed = self
        feed.followsBrokenHistory = true
        return feed
    }

    /// Replaces everything the source has delivered by a complete state, in one step.
    package func replace(with table: SourceTable, revision: String) async {
        await controlPlane.replace(source: source, with: table, revision: revision, followsBrokenHistory: followsBrokenHistory)
        // Reading a list takes memory that lies between what stays of it: glibc keeps that for itself unless told otherwise.
        if table.peerCount >= Self.largeList { malloc_trim(0) }
    }

    /// From how many peers on a list leaves memory behind that is worth giving back: some ten megabytes.
    private static let largeList = 50_000

    /// Applies changes of single keys, in their order.
    package func apply(_ entries: [SourceEntry], revision: String) async {
        await controlPlane.apply(source: source, entries, revision: revision)
    }

    /// Applies the deletion of a directory, `web`, with every key below it; of the empty path: with every key there is.
    package func removeAll(below directory: String, revision: String) async {
        await controlPlane.removeAll(source: source, below: directory, revision: revision)
    }
}
