internal import HTTPTransport

/// How a cluster is reached: where, as whom, and whom to trust.
struct ClusterAccess: Sendable, Equatable {
    /// What says who asks, beside a client certificate.
    enum Token: Sendable, Equatable {
        case none
        /// The file that holds it; and the one for while it cannot be read, as a kubeconfig file may have it beside.
        case file(String, otherwise: String? = nil)
        /// The token itself, as a kubeconfig file may have it.
        case text(String)
    }

    /// Why there is no access, before anything was asked.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    /// The URL of the API server, without a slash at its end.
    var server: String
    /// The namespace, or `*`.
    var namespace: String
    var token = Token.none
    var tls = HTTPClient.TLSOptions()

    /// `host:port`, without the user information that a URL may have.
    var endpoint: String {
        let authority = server.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? "?"
        return String(authority.split(separator: "@").last ?? "?")
    }

    /// Whether another access leads to the same objects.
    func reachesSame(as other: ClusterAccess) -> Bool { server == other.server && namespace == other.namespace }

    /// Who asks, for errors.
    var identity: String {
        let token: String? =
            switch self.token {
            case .none: nil
            case .file(let path, _): "the token in \(path)"
            case .text: "the token of the kubeconfig file"
            }
        let certificate = tls.certificate.map { "the client certificate \($0)" }
        let known = [token, certificate].compactMap { $0 }
        return known.isEmpty ? "a client without token and certificate" : known.joined(separator: " and ")
    }
}

extension KubernetesSource.Configuration {
    /// How the cluster is reached now.
    ///
    /// - Parameters:
    ///   - environment: the process's variables.
    ///   - serviceAccount: the directory of the pod's service account.
    func access(environment: [String: String], serviceAccount: ServiceAccount) throws(ClusterAccess.Unusable) -> ClusterAccess {
        switch cluster {
        case .own:
            let server = try ServiceAccount.server(in: environment)
            let ownNamespace: String
            if let namespace { ownNamespace = namespace } else { ownNamespace = try serviceAccount.namespace() }
            return ClusterAccess(
                server: server,
                namespace: ownNamespace,
                token: .file(tokenFile ?? serviceAccount.tokenFile),
                tls: .init(authorities: tls.authorities ?? .file(serviceAccount.caFile), certificate: tls.certificate, key: tls.key)
            )
        case .server(let url):
            return ClusterAccess(
                server: url.hasSuffix("/") ? String(url.dropLast()) : url,
                namespace: namespace ?? "default",
                token: tokenFile.map { .file($0) } ?? .none,
                tls: tls
            )
        case .kubeconfig(let path):
            var access = try Kubeconfig.access(path: path)
            access.namespace = namespace ?? access.namespace
            return access
        }
    }
}
