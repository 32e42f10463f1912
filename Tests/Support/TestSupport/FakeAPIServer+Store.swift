import Foundation

extension FakeAPIServer {
    /// An object and the version of its last change.
    struct Stored: Sendable {
        let object: Object
        let version: Int
    }

    /// One change of one object.
    struct Change {
        let type: String
        let before: Stored?
        let object: Object
        let version: Int
    }

    /// What a test wants of the watches that are open.
    struct Command {
        enum Kind {
            case bookmark, end, cut
            case line(String)
            case fail(String)
        }

        let number: Int
        let kind: Kind
    }

    /// Everything that changes.
    struct Store {
        var version = 100
        var objects: [String: Stored] = [:]
        var changes: [Change] = []
        /// A watch from before this version is refused.
        var floor = 0
        /// The lists under way, by their version.
        var lists: [Int: [String: Stored]] = [:]
        var commands: [Command] = []
        /// How often the store was replaced: a watch of the one before is never told of changes of this one.
        var replacements = 0
        var watchCount = 0
        var requests: [Request] = []
        var tokens: Set<String>?
        var fault: (@Sendable (Request) -> Fault?)?
        var pieceSize: Int?

        mutating func write(_ object: Object) {
            version += 1
            var object = object
            let before = objects[object.key]
            // Made anew, an object is another one.
            object.uid = before?.object.uid ?? "\(object.uid)-\(version)"
            objects[object.key] = Stored(object: object, version: version)
            changes.append(Change(type: before == nil ? "ADDED" : "MODIFIED", before: before, object: object, version: version))
        }

        mutating func delete(_ key: String) {
            guard let stored = objects.removeValue(forKey: key) else { return }
            version += 1
            changes.append(Change(type: "DELETED", before: stored, object: stored.object, version: version))
        }

        /// The objects as they were at a version.
        func objects(at past: Int) -> [String: Stored] {
            changes.reversed().prefix { $0.version > past }.reduce(into: objects) { $0[$1.object.key] = $1.before }
        }

        /// The place of the first change of those that concern a request, at a place or behind it.
        func place(of request: Request, from start: Int) -> Int? {
            guard start < changes.count else { return nil }
            return changes[start...].firstIndex { request.concerns($0) }
        }
    }

    /// The store under its lock.
    // Safe to share: the store is touched under the condition's lock only.
    final class State: @unchecked Sendable {
        private let condition = NSCondition()
        private var store = Store()

        func read<Answer>(_ body: (Store) -> Answer) -> Answer {
            condition.withLock { body(store) }
        }

        @discardableResult
        func change<Answer>(_ body: (inout Store) -> Answer) -> Answer {
            condition.withLock {
                defer { condition.broadcast() }
                return body(&store)
            }
        }

        /// Waits until the body has an answer, or until a time.
        func wait<Answer>(until date: Date, _ body: (Store) -> Answer?) -> Answer? {
            condition.withLock {
                repeat {
                    if let answer = body(store) { return answer }
                } while condition.wait(until: date)
                return body(store)
            }
        }
    }
}
