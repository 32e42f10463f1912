import Foundation
import Synchronization

/// A small Kubernetes API server: lists in pages and watches of EndpointSlices and Endpoints, as a real one does it on the wire (see the
/// recordings of `KubernetesSourceTests`), with what goes wrong at the word of a test.
///
/// It keeps objects, one count of versions for all of them, and the history of changes behind the last compaction. Thread-safe.
package final class FakeAPIServer: Sendable {
    private let state = State()
    private let server: Mutex<ScriptedHTTPServer?> = Mutex(nil)
    /// The port on 127.0.0.1, which stays the same over ``stop()`` and ``start()``.
    package let port: UInt16
    private let reserved: ReservedPort

    /// Starts a server without objects.
    package init() throws {
        reserved = try ReservedPort()
        port = reserved.number
        try start()
    }

    deinit {
        stop()
    }

    /// `http://127.0.0.1:port`.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Serves again after ``stop()``.
    package func start() throws {
        let state = state
        let started = try ScriptedHTTPServer(port: port) { connection in
            while true { try Self.serve(try connection.receiveRequest(), on: connection, state) }
        }
        server.withLock { $0 = started }
    }

    /// Closes the port and every connection, as `kill -9` does.
    package func stop() {
        server.withLock { $0?.stop() }
        state.change { $0.commands.append(.init(number: $0.commands.count, kind: .cut)) }
    }
}

// MARK: - What a test does with it

extension FakeAPIServer {
    /// The objects and the version at one moment, as a backup of the store has them.
    package struct Backup: Sendable {
        let objects: [String: Stored]
        let version: Int
    }

    /// Writes an object, which is there already or not.
    package func write(_ object: Object) {
        state.change { $0.write(object) }
    }

    /// Deletes an object.
    package func delete(_ name: String, _ resource: String = "endpointslices", namespace: String = "lab") {
        state.change { $0.delete("\(resource)/\(namespace)/\(name)") }
    }

    /// Changes something else, which only counts a version up.
    package func advance(by count: Int = 1) {
        state.change { $0.version += count }
    }

    /// The version of the store.
    package var version: Int { state.read { $0.version } }

    /// Forgets all changes so far: who asks for them is told that they are gone.
    package func compact() {
        state.change { $0.floor = $0.version }
    }

    /// Forgets the lists under way: who asks for a further page is told that its token has expired.
    package func expireLists() {
        state.change { $0.lists = [:] }
    }

    /// What there is now.
    package func backup() -> Backup {
        state.read { Backup(objects: $0.objects, version: $0.version) }
    }

    /// Replaces everything by a backup, as when a cluster is restored: watches end, and versions count on from there.
    package func restore(_ backup: Backup) {
        state.change { state in
            state.objects = backup.objects
            state.version = backup.version
            state.changes = []
            state.replacements += 1
            state.floor = backup.version
            state.lists = [:]
            state.commands.append(.init(number: state.commands.count, kind: .cut))
        }
    }

    /// Sends a bookmark to every watch.
    package func sendBookmarks() {
        command(.bookmark)
    }

    /// Sends a line to every watch as it is.
    package func sendLine(_ line: String) {
        command(.line(line))
    }

    /// Ends every watch in good order.
    package func endWatches() {
        command(.end)
    }

    /// Breaks every watch off.
    package func cutWatches() {
        command(.cut)
    }

    /// Ends every watch with an `ERROR` event.
    package func failWatches(_ code: Int, _ reason: String, _ message: String) {
        command(.fail(Self.status(code, reason, message)))
    }

    private func command(_ kind: Command.Kind) {
        state.change { $0.commands.append(.init(number: $0.commands.count, kind: kind)) }
    }

    /// How many watches are open.
    package var watchCount: Int { state.read { $0.watchCount } }

    /// Every request so far.
    package var requests: [Request] { state.read { $0.requests } }

    /// Forgets the requests so far.
    package func forgetRequests() {
        state.change { $0.requests = [] }
    }

    /// Lets in those who have one of these tokens only; `nil`, as at first: everybody.
    package func accept(_ tokens: Set<String>?) {
        state.change { $0.tokens = tokens }
    }

    /// Has a test say what becomes of each request; `nil`: the right answer.
    package func onRequest(_ fault: (@Sendable (Request) -> Fault?)?) {
        state.change { $0.fault = fault }
    }

    /// Sends events in pieces of so many bytes, in chunks that begin and end anywhere; `nil`, as at first: each event in a chunk.
    package func split(into size: Int?) {
        state.change { $0.pieceSize = size }
    }
}
