internal import FoundationEssentials

/// What Kubernetes gives to every pod: files of its service account, and variables that say where the API server is.
struct ServiceAccount: Sendable {
    /// The directory of the files.
    let directory: String

    /// Names the directory, by default the one that Kubernetes mounts.
    init(directory: String = "/var/run/secrets/kubernetes.io/serviceaccount") {
        self.directory = directory
    }

    /// The bearer token, which the kubelet replaces before it expires.
    var tokenFile: String { "\(directory)/token" }

    /// The authorities of the API server.
    var caFile: String { "\(directory)/ca.crt" }

    /// The namespace of the pod.
    func namespace() throws(ClusterAccess.Unusable) -> String {
        let path = "\(directory)/namespace"
        let text = ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").filter { !$0.isWhitespace }
        guard !text.isEmpty else { throw ClusterAccess.Unusable(description: "\(path) is empty or cannot be read: set namespace") }
        return text
    }

    /// The API server's URL.
    static func server(in environment: [String: String]) throws(ClusterAccess.Unusable) -> String {
        let (host, port) = (environment["KUBERNETES_SERVICE_HOST"] ?? "", environment["KUBERNETES_SERVICE_PORT"] ?? "")
        guard !host.isEmpty, !port.isEmpty else {
            throw ClusterAccess.Unusable(
                description: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod: set server or kubeconfig"
            )
        }
        return "https://" + (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)"
    }
}
