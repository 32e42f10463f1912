import Discovery
import FoundationEssentials

@testable import KubernetesSource

/// What a watch of the recorded namespace adds up to: the objects of the list before it, changed by its events.
struct Replay {
    private var session: Session
    private var table: EndpointTable
    /// What picks see.
    private(set) var picks: SourceTable

    /// Begins with the list of a recording.
    init(onto recording: String, _ resource: KubernetesSource.Resource) throws {
        try self.init(onto: try Recording(recording).list(), resource)
    }

    /// Begins with an empty list at version 1, before everything: for a watch that brings all objects itself.
    init(empty resource: KubernetesSource.Resource) throws {
        let list = ObjectList(kind: "\(resource.kind)List", apiVersion: resource.apiVersion, metadata: .init(resourceVersion: "1"))
        try self.init(onto: list, resource)
    }

    private init(onto list: ObjectList, _ resource: KubernetesSource.Resource) throws {
        session = Session(resource: resource, pageSize: 10)
        table = EndpointTable(mapping: .of(resource))
        _ = try session.receive(list, to: session.startList())
        session.finishList()
        for item in list.items ?? [] { table.add(item) }
        picks = table.sourceTable()
    }

    /// The version from which the watch is begun again; `nil` when the place is lost.
    var version: String? { session.version?.description }

    /// Takes one line of the watch.
    mutating func take(_ line: [UInt8]) throws {
        let entries: [SourceEntry]
        switch try session.receive(try JSONDecoder().decode(WatchEvent.self, from: Data(line))) {
        case .written(let object): entries = table.write(object)
        case .deleted(let object): entries = table.delete(object)
        case .progress, .placeLost, .failed: entries = []
        }
        for entry in entries { picks.apply(entry) }
    }

    /// What there is behind further lines.
    func following(_ lines: some Sequence<[UInt8]>) throws -> Replay {
        var replay = self
        for line in lines { try replay.take(line) }
        return replay
    }
}
