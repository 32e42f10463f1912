internal import FoundationEssentials
internal import HTTPTransport
internal import Yams

/// A kubeconfig file: the cluster, the user and the namespace of its current context.
///
/// A user may have a token, a token file and a client certificate. Programs that make credentials (`exec`, `auth-provider`) are not run, and
/// a server's certificate is always verified; what asks for anything else is refused by its name.
struct Kubeconfig {
    private typealias Unusable = ClusterAccess.Unusable

    private let path: String
    private let root: Node.Mapping

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
        self.root = root
    }

    private func access() throws(ClusterAccess.Unusable) -> ClusterAccess {
        guard let contextName = text(root, "current-context") else { throw unusable("it has no current-context") }
        let context = try entry("context", of: "contexts", named: contextName)
        guard let clusterName = text(context, "cluster") else { throw unusable("context \(contextName) has no cluster") }
        let cluster = try entry("cluster", of: "clusters", named: clusterName)
        try check(
            cluster,
            "cluster \(clusterName)",
            allowed: ["server", "certificate-authority", "certificate-authority-data"],
            ignored: ["extensions", "disable-compression"]
        )
        guard let server = text(cluster, "server") else { throw unusable("cluster \(clusterName) has no server") }
        var access = ClusterAccess(
            server: server.hasSuffix("/") ? String(server.dropLast()) : server,
            namespace: text(context, "namespace") ?? "default"
        )
        access.tls.authorities = try pem(cluster, "certificate-authority")
        guard let userName = text(context, "user") else { return access }
        let user = try entry("user", of: "users", named: userName)
        try check(
            user,
            "user \(userName)",
            allowed: ["token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data"],
            ignored: ["extensions"]
        )
        if let tokenFile = text(user, "tokenFile") {
            access.token = .file(resolved(tokenFile))
        } else if let token = text(user, "token") {
            access.token = .text(token)
        }
        access.tls.certificate = try pem(user, "client-certificate")
        access.tls.key = try pem(user, "client-key")
        return access
    }
}

extension Kubeconfig {
    private func unusable(_ message: String) -> ClusterAccess.Unusable {
        Unusable(description: "the kubeconfig file \(path): \(message)")
    }

    /// The text of a key; `nil` when it is not there, empty, or null.
    private func text(_ mapping: Node.Mapping, _ key: String) -> String? {
        guard let node = mapping[Node(key)], node.null == nil, let text = node.scalar?.string, !text.isEmpty else { return nil }
        return text
    }

    /// The mapping of a name in one of the lists of names and mappings.
    private func entry(_ kind: String, of list: String, named name: String) throws(ClusterAccess.Unusable) -> Node.Mapping {
        for item in root[Node(list)]?.sequence.map(Array.init) ?? [] {
            guard let item = item.mapping, text(item, "name") == name else { continue }
            guard let node = item[Node(kind)], node.null == nil else { return [:] }
            guard let mapping = node.mapping else { throw unusable("\(kind) \(name) is not a mapping") }
            return mapping
        }
        throw unusable("\(list) has no \(name)")
    }

    private func check(_ mapping: Node.Mapping, _ what: String, allowed: [String], ignored: [String]) throws(ClusterAccess.Unusable) {
        for (key, value) in mapping {
            let key = key.scalar?.string ?? "?"
            guard !allowed.contains(key), !ignored.contains(key), value.null == nil, value.scalar?.string != "false" else { continue }
            throw unusable("\(what): \(key) is not supported; \(allowed.joined(separator: ", ")) are")
        }
    }

    /// Certificates or a key, given as text (`-data`, which counts more) or as a file.
    private func pem(_ mapping: Node.Mapping, _ key: String) throws(ClusterAccess.Unusable) -> HTTPClient.PEM? {
        if let encoded = text(mapping, "\(key)-data") {
            guard let data = Data(base64Encoded: encoded, options: .ignoreUnknownCharacters), !data.isEmpty else {
                throw unusable("\(key)-data is not base64")
            }
            return .content([UInt8](data))
        }
        return text(mapping, key).map { .file(resolved($0)) }
    }

    /// Relative to the directory of the file.
    private func resolved(_ file: String) -> String {
        guard !file.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return file }
        return path[...slash] + file
    }
}
