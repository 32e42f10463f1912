import Foundation

/// The keys API, which is version 2, of an etcd that was started with `--enable-v2`. Its store is another one than that of version 3.
extension EtcdProcess {
    /// What the keys API is switched on with.
    package static let keysArguments = ["--enable-v2"]

    /// Sends a request for a key with these parameters, and returns its answer.
    @discardableResult
    package func keys(
        _ method: String,
        _ key: String,
        _ parameters: KeyValuePairs<String, String> = [:],
        timeout: Duration = .seconds(30)
    ) throws -> String {
        try request(method, Self.target(key, parameters), token: Self.rootAuthorization, timeout: timeout)
    }

    /// Sets many keys at the same time.
    package func setKeysAtOnce(_ keys: [(key: String, value: String)]) throws {
        let paths = keys.map { Self.target($0.key, ["value": $0.value]) }
        let connections = try paths.map { try ask("PUT", $0, token: Self.rootAuthorization) }
        for (connection, path) in zip(connections, paths) { _ = try answer(on: connection, path) }
    }

    /// Has etcd forget what has changed so far, by changes elsewhere: it remembers the last thousand.
    package func forgetKeyChanges() throws {
        // Not one after the other, which takes a slow disk long, nor in one go, which takes many descriptors.
        for _ in 0..<4 { try setKeysAtOnce((0..<275).map { ("/elsewhere", "\($0)") }) }
    }

    private static func target(_ key: String, _ parameters: KeyValuePairs<String, String>) -> String {
        var components = URLComponents()
        components.path = "/v2/keys" + key
        components.queryItems = parameters.map { URLQueryItem(name: $0.key, value: $0.value) }
        // A plus sign means a space in a query.
        let query = components.percentEncodedQuery?.replacing("+", with: "%2B") ?? ""
        return "\(components.percentEncodedPath)?\(query)"
    }

    /// Sets a key.
    ///
    /// - Returns: the index of the store with that.
    @discardableResult
    package func setKey(_ key: String, _ value: String) throws -> UInt64 {
        struct Answer: Decodable {
            struct Node: Decodable {
                let modifiedIndex: UInt64
            }

            let node: Node
        }

        return try JSONDecoder().decode(Answer.self, from: Data(try keys("PUT", key, ["value": value]).utf8)).node.modifiedIndex
    }

    /// Deletes a key.
    package func deleteKey(_ key: String) throws {
        try keys("DELETE", key)
    }

    /// Deletes a directory and everything in it.
    package func deleteDirectory(_ path: String) throws {
        try keys("DELETE", path, ["recursive": "true"])
    }

    /// Deletes a key, or a directory and everything in it, if it is there.
    package func deleteIfThere(_ path: String) throws {
        do {
            try deleteDirectory(path)
        } catch let failure as Failure where failure.description.contains(Self.notFound) {
            return
        }
    }

    private static let notFound = #""errorCode":100,"#

    /// Every key below a directory whose path ends in `/`, without that path, and its value.
    package func keyNodes(below directory: String) throws -> [String: String] {
        struct Node: Decodable {
            let key: String?
            let value: String?
            let nodes: [Node]?

            var keys: [(String, String)] {
                (value.map { [(key ?? "", $0)] } ?? []) + (nodes ?? []).flatMap(\.keys)
            }
        }
        struct Answer: Decodable {
            let node: Node
        }

        let text: String
        do {
            text = try keys("GET", directory, ["recursive": "true", "quorum": "true"])
        } catch let failure as Failure where failure.description.contains(Self.notFound) {
            return [:]
        }
        let keys = try JSONDecoder().decode(Answer.self, from: Data(text.utf8)).node.keys
        return Dictionary(uniqueKeysWithValues: keys.map { (String($0.0.dropFirst(directory.count)), $0.1) })
    }
}

// MARK: - Users

extension EtcdProcess {
    private static let rootPassword = "root-password"

    /// Switches authentication of the keys API on, with a user who may read what is in a directory and nothing else.
    package func enableKeysAuthentication(user: String, password: String, directory: String) throws {
        try auth("PUT", "users/root", ["user": "root", "password": Self.rootPassword])
        let permissions = ["kv": ["read": ["\(directory)/*"], "write": [String]()]]
        try auth("PUT", "roles/reader", ["role": "reader", "permissions": permissions])
        try auth("PUT", "users/\(user)", ["user": user, "password": password, "roles": ["reader"]])
        try auth("PUT", "enable")
        // Who does not say who he is may do everything until then.
        try auth("PUT", "roles/guest", ["role": "guest", "revoke": ["kv": ["read": ["/*"], "write": ["/*"]]]])
    }

    /// Gives a user of the keys API another password.
    package func changeKeysPassword(of user: String, to password: String) throws {
        try auth("PUT", "users/\(user)", ["user": user, "password": password])
    }

    private func auth(_ method: String, _ path: String, _ body: [String: Any] = [:]) throws {
        let text = body.isEmpty ? "" : String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        _ = try request(method, "/v2/auth/\(path)", text, token: Self.rootAuthorization)
    }

    /// The login of `root`; where authentication is off nobody looks at it.
    private static var rootAuthorization: String { "Basic " + Data("root:\(rootPassword)".utf8).base64EncodedString() }
}
