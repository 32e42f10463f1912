import Foundation
import Testing
import Yams

/// A Kubernetes object as a file below `deploy/kubernetes` says it.
struct Manifest {
    static let deploy = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy").standardizedFileURL

    let file: String
    let node: Node

    /// Every object of the files in a directory below `deploy`.
    static func all(in directory: String) throws -> [Manifest] {
        let folder = deploy.appending(path: directory)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
        return try names.flatMap { name in
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            return try Array(compose_all(yaml: text)).map { Manifest(file: name, node: $0) }
        }
    }

    var kind: String { text("kind") ?? "" }
    var name: String { text("metadata", "name") ?? "" }
    var namespace: String? { text("metadata", "namespace") }

    /// What is at a path of keys.
    func at(_ path: String...) -> Node? { node.at(path) }

    /// The scalar at a path of keys.
    func text(_ path: String...) -> String? { node.at(path)?.scalar?.string }
}

extension Node {
    /// What is at a path of keys; a number is the place in a list.
    func at(_ path: [String]) -> Node? {
        path.reduce(Optional(self)) { node, key in
            guard let place = Int(key), let sequence = node?.sequence else { return node?.mapping?[Node(key)] }
            return sequence.indices.contains(place) ? sequence[place] : nil
        }
    }

    /// The scalar at a path of keys.
    func text(_ path: String...) -> String? { at(path)?.scalar?.string }

    /// The items of the list at a path of keys.
    func items(_ path: String...) -> [Node] { at(path)?.sequence.map(Array.init) ?? [] }

    /// The scalars of the list at a path of keys.
    func texts(_ path: String...) -> [String] { (at(path)?.sequence.map(Array.init) ?? []).compactMap(\.scalar?.string) }

    /// The mapping of scalars at a path of keys.
    func pairs(_ path: String...) -> [String: String] {
        var pairs: [String: String] = [:]
        for (key, value) in at(path)?.mapping ?? [:] { pairs[key.scalar?.string ?? ""] = value.scalar?.string ?? "" }
        return pairs
    }
}
