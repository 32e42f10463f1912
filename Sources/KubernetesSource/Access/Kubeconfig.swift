internal import FoundationEssentials
internal import HTTPTransport
internal import Yams

/// A kubeconfig file: the cluster, the user and the namespace of its current context.
///
/// A user may have a token, a token file, which counts more as long as it can be read, and a client certificate. Programs that make credentials (`exec`, `auth-provider`) are not run, and
/// a server's certificate is always verified; what asks for anything else is refused by its name.
struct Kubeconfig {
    private typealias Unusable = ClusterAccess.Unusable

    private let path: String
    private let root: Entry

    /// What the file at a path says.
    static func access(path: String) throws(ClusterAccess.Unusable) -> ClusterAccess {
        try Kubeconfig(path: path).access()
    }

    private init(path: String) throws(ClusterAccess.Unusable) {
        self.path = path
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Unusable(description: "the kubeconfig file \(path) cannot be read")
        }
        let node: Node?
        do {
            node = try compose(yaml: text)
        } catch {
            throw Unusable(description: "the kubeconfig file \(path) is not YAML")
        }
        guard let root = node?.mapping else { throw Unusable(description: "the kubeconfig file \(path) is not a mapping") }
        self.root = Entry(mapping: root)
    }

    private func access() throws(ClusterAccess.Unusable) -> ClusterAccess {
        guard let contextName = try text(root, "current-context") else { throw unusable("it has no current-context") }
        let context = try entry("context", of: "contexts", named: contextName)
        try check(context, allowed: ["cluster", "user", "namespace"], ignored: ["extensions"])
        guard let clusterName = try text(context, "cluster") else { throw unusable("\(context.name) has no cluster") }
        let cluster = try entry("cluster", of: "clusters", named: clusterName)
        try check(
            cluster,
            allowed: ["server", "certificate-authority", "certificate-authority-data"],
            ignored: ["extensions", "disable-compression"]
        )
        guard let server = try text(cluster, "server") else { throw unusable("\(cluster.name) has no server") }
        var access = ClusterAccess(
            server: server.hasSuffix("/") ? String(server.dropLast()) : server,
            namespace: try text(context, "namespace") ?? "default"
        )
        access.tls.authorities = try pem(cluster, "certificate-authority")
        guard let userName = try text(context, "user") else { return access }
        let user = try entry("user", of: "users", named: userName)
        try check(
            user,
            allowed: ["token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data"],
            ignored: ["extensions"]
        )
        let token = try text(user, "token")
        if let tokenFile = try text(user, "tokenFile") {
            access.token = .file(resolved(tokenFile), otherwise: token)
        } else if let token {
            access.token = .text(token)
        }
        access.tls.certificate = try pem(user, "client-certificate")
        access.tls.key = try pem(user, "client-key")
        return access
    }
}

extension Kubeconfig {
    /// A part of the file.
    private struct Entry {
        /// For errors: `user me`; empty for the whole file.
        var name = ""
        var mapping = Node.Mapping([])
    }

    private func unusable(_ message: String) -> ClusterAccess.Unusable {
        Unusable(description: "the kubeconfig file \(path): \(message)")
    }

    /// The text of a key; `nil` when it is not there, empty, or null.
    private func text(_ entry: Entry, _ key: String) throws(ClusterAccess.Unusable) -> String? {
        guard let node = entry.mapping[Node(key)], node.null == nil else { return nil }
        guard let text = node.scalar?.string else { throw unusable("\(entry.name.isEmpty ? "" : "\(entry.name): ")\(key) is not a text") }
        return text.isEmpty ? nil : text
    }

    /// The mapping of a name in one of the lists of names and mappings.
    private func entry(_ kind: String, of list: String, named name: String) throws(ClusterAccess.Unusable) -> Entry {
        let node = root.mapping[Node(list)].flatMap { $0.null == nil ? $0 : nil }
        if let node, node.sequence == nil { throw unusable("\(list) is not a list") }
        for item in node?.sequence.map(Array.init) ?? [] {
            guard let item = item.mapping, item[Node("name")]?.scalar?.string == name else { continue }
            guard let node = item[Node(kind)], node.null == nil else { return Entry(name: "\(kind) \(name)") }
            guard let mapping = node.mapping else { throw unusable("\(kind) \(name) is not a mapping") }
            return Entry(name: "\(kind) \(name)", mapping: mapping)
        }
        throw unusable("\(list) has no \(name)")
    }

    private func check(_ entry: Entry, allowed: [String], ignored: [String]) throws(ClusterAccess.Unusable) {
        for (key, value) in entry.mapping {
            let key = key.scalar?.string ?? "?"
            guard !allowed.contains(key), !ignored.contains(key), value.null == nil else { continue }
            // What is not wanted is not missing.
            if key == "insecure-skip-tls-verify", value.scalar?.string == "false" { continue }
            throw unusable("\(entry.name): \(key) is not supported; \(allowed.joined(separator: ", ")) are")
        }
    }

    /// Certificates or a key, given as text (`-data`, which counts more) or as a file.
    private func pem(_ entry: Entry, _ key: String) throws(ClusterAccess.Unusable) -> HTTPClient.PEM? {
        if let encoded = try text(entry, "\(key)-data") {
            guard let data = Data(base64Encoded: encoded, options: .ignoreUnknownCharacters), !data.isEmpty else {
                throw unusable("\(key)-data is not base64")
            }
            return .content([UInt8](data))
        }
        return try text(entry, key).map { .file(resolved($0)) }
    }

    /// Relative to the directory of the file.
    private func resolved(_ file: String) -> String {
        guard !file.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return file }
        return path[...slash] + file
    }
}
