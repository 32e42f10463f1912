import Foundation
import HTTPTransport
import TestSupport
import Testing

@testable import KubernetesSource

/// How a cluster is found, and as whom.
struct AccessTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func access(
        _ configuration: KubernetesSource.Configuration,
        environment: [String: String] = [:]
    ) throws -> ClusterAccess {
        try configuration.access(environment: environment, serviceAccount: ServiceAccount(directory: directory.path))
    }

    /// The access, or why there is none.
    private func failure(_ configuration: KubernetesSource.Configuration, environment: [String: String] = [:]) -> String {
        do {
            return "\(try access(configuration, environment: environment))"
        } catch {
            return "\(error)"
        }
    }

    // MARK: - In a cluster

    @Test func `in a pod the environment and the service account say everything`() throws {
        try directory.write("namespace", "lab\n")
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let found = try access(.init(), environment: environment)
        #expect(found.server == "https://10.96.0.1:443" && found.endpoint == "10.96.0.1:443" && found.namespace == "lab")
        #expect(found.token == .file("\(directory.path)/token") && found.tls.authorities == .file("\(directory.path)/ca.crt"))
        #expect(found.tls.certificate == nil)
        let own = KubernetesSource.Configuration(tokenFile: "t", tls: .init(caFile: "c", certificateFile: "d", keyFile: "k"), namespace: "*")
        #expect(
            try access(own, environment: environment)
                == ClusterAccess(
                    server: "https://10.96.0.1:443",
                    namespace: "*",
                    token: .file("t"),
                    tls: .init(caFile: "c", certificateFile: "d", keyFile: "k")
                )
        )
    }

    @Test func `an IPv6 cluster has its address in brackets`() throws {
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(try access(.init(namespace: "lab"), environment: environment).server == "https://[fd00::1]:443")
    }

    @Test func `outside of a pod what is missing is said`() {
        #expect(
            failure(.init())
                == "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod: set server or kubeconfig"
        )
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(failure(.init(), environment: environment) == "\(directory.path)/namespace is empty or cannot be read: set namespace")
    }

    @Test func `a server that is named is sent nothing of the pod's`() throws {
        let found = try access(.init(cluster: .server("https://u:p@example.com:6443/")), environment: ["KUBERNETES_SERVICE_HOST": "10.96.0.1"])
        #expect(found == ClusterAccess(server: "https://u:p@example.com:6443", namespace: "default"))
        #expect(found.endpoint == "example.com:6443")
    }

    // MARK: - Kubeconfig

    private static let kubeconfig = """
        apiVersion: v1
        kind: Config
        current-context: two
        clusters:
        - name: far
          cluster: { server: "https://far.example", insecure-skip-tls-verify: true }
        - name: near
          cluster: { server: "https://127.0.0.1:6443/", certificate-authority-data: "Y2E=", insecure-skip-tls-verify: false }
        contexts:
        - name: one
          context: { cluster: far, user: plugin }
        - name: two
          context: { cluster: near, user: me, namespace: lab }
        users:
        - name: plugin
          user: { exec: { command: aws } }
        - name: me
          user:
            client-certificate-data: Y2VydA==
            client-key: keys/me.key
            token: secret
        """

    private func kubeconfig(_ replacements: KeyValuePairs<String, String> = [:], namespace: String? = nil) throws -> KubernetesSource.Configuration {
        var text = Self.kubeconfig
        for (old, new) in replacements {
            #expect(text.contains(old))
            text = text.replacing(old, with: new)
        }
        try directory.write("config", text)
        return .init(cluster: .kubeconfig("\(directory.path)/config"), namespace: namespace)
    }

    @Test func `a kubeconfig file says cluster, user and namespace of its current context`() throws {
        let found = try access(try kubeconfig())
        #expect(found.server == "https://127.0.0.1:6443" && found.namespace == "lab" && found.token == .text("secret"))
        #expect(found.tls.authorities == .content(Array("ca".utf8)) && found.tls.certificate == .content(Array("cert".utf8)))
        #expect(found.tls.key == .file("\(directory.path)/keys/me.key"))
        #expect(try access(try kubeconfig(namespace: "*")).namespace == "*")
        #expect(try access(try kubeconfig([", namespace: lab": ""])).namespace == "default")
        // What is a secret is not shown.
        #expect(!"\(found.tls)".contains("99, 101, 114, 116"))
    }

    @Test func `a token file counts more than a token, and files are relative to the kubeconfig file`() throws {
        let found = try access(
            try kubeconfig([
                "token: secret": "token: secret\n    tokenFile: /run/token",
                "certificate-authority-data: \"Y2E=\"": "certificate-authority: ca.pem",
            ])
        )
        #expect(found.token == .file("/run/token", otherwise: "secret") && found.tls.authorities == .file("\(directory.path)/ca.pem"))
    }

    @Test func `JSON is YAML`() throws {
        try directory.write(
            "config",
            #"{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],"clusters":[{"name":"k","cluster":{"server":"http://a"}}]}"#
        )
        #expect(try access(.init(cluster: .kubeconfig("\(directory.path)/config"))) == ClusterAccess(server: "http://a", namespace: "default"))
    }

    @Test(
        arguments: [
            (["current-context: two": "current-context: one"], "cluster far: insecure-skip-tls-verify is not supported; "),
            (
                ["cluster: far, user: plugin": "cluster: near, user: plugin", "current-context: two": "current-context: one"],
                "user plugin: exec is not supported; token, "
            ),
            (["token: secret": "auth-provider: { name: gcp }"], "user me: auth-provider is not supported; "),
            (["token: secret": "username: u\n    password: p"], "user me: username is not supported; "),
            (["token: secret": "as: admin"], "user me: as is not supported; "),
            (["insecure-skip-tls-verify: false": "proxy-url: http://p"], "cluster near: proxy-url is not supported; "),
            (["current-context: two": "current-context: \"\""], "it has no current-context"),
            (["current-context: two": "current-context: three"], "contexts has no three"),
            (["cluster: near,": "cluster: no,"], "clusters has no no"), (["user: me,": "user: you,"], "users has no you"),
            (["server: \"https://127.0.0.1:6443/\", ": ""], "cluster near has no server"),
            (["\"Y2E=\"": "\"?\""], "certificate-authority-data is not base64"),
            (["\"Y2E=\"": "[Y2E=]"], "cluster near: certificate-authority-data is not a text"),
            (["token: secret": "token: { secret: 1 }"], "user me: token is not a text"),
            (["client-key: keys/me.key": "client-key: [a]"], "user me: client-key is not a text"),
            (["current-context: two": "current-context: [two]"], "current-context is not a text"),
            (["namespace: lab": "namespace: [lab]"], "context two: namespace is not a text"),
            (["user: me,": "user: [me],"], "context two: user is not a text"),
            (["user: me,": "user: me, proxy: a,"], "context two: proxy is not supported; "),
            (["token: secret": "as: false"], "user me: as is not supported; "),
            (["insecure-skip-tls-verify: false": "disable-verification: false"], "cluster near: disable-verification is not supported; "),
            (["users:": "users: 5\nothers:"], "users is not a list"),
        ] as [(KeyValuePairs<String, String>, String)]
    )
    func `what a kubeconfig file asks for in vain is said`(replacements: KeyValuePairs<String, String>, reason: String) throws {
        let found = failure(try kubeconfig(replacements))
        #expect(found.hasPrefix("the kubeconfig file \(directory.path)/config: \(reason)"), "\(found)")
    }

    @Test(arguments: [("- [", "is not YAML"), ("5", "is not a mapping"), ("", "is not a mapping")])
    func `a file that is no kubeconfig is said to be none`(text: String, reason: String) throws {
        try directory.write("config", text)
        #expect(failure(.init(cluster: .kubeconfig("\(directory.path)/config"))) == "the kubeconfig file \(directory.path)/config \(reason)")
        #expect(failure(.init(cluster: .kubeconfig("/nowhere"))) == "the kubeconfig file /nowhere cannot be read")
    }
}

/// The token, over the life of its file.
struct CredentialsTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func `a token is read for each request, and the old one is kept while its file cannot be read`() throws {
        var credentials = Credentials()
        #expect(try credentials.token() == nil)
        credentials.use(.file(directory.file("token")))
        #expect(throws: ClusterAccess.Unusable.self) { _ = try credentials.token() }
        try directory.write("token", "one\n")
        #expect(try credentials.token() == "one")
        try directory.write("token", "")
        #expect(try credentials.token() == "one")
        try directory.remove("token")
        credentials.use(.file(directory.file("token")))
        #expect(try credentials.token() == "one")
        try directory.write("token", "two")
        #expect(try credentials.token() == "two")
    }

    @Test func `a token that was refused is dropped, and one that has taken its place is used`() throws {
        var credentials = Credentials()
        credentials.use(.file(directory.file("token")))
        try directory.write("token", "one")
        _ = try credentials.token()
        #expect(credentials.renew() == false)
        try directory.write("token", "two")
        #expect(credentials.renew() == true)
        #expect(try credentials.token() == "two")
        try directory.remove("token")
        #expect(credentials.renew() == false)
        #expect(throws: ClusterAccess.Unusable.self) { _ = try credentials.token() }
    }

    @Test func `the token beside a token file is used while the file cannot be read`() throws {
        var credentials = Credentials()
        credentials.use(.file(directory.file("token"), otherwise: "beside"))
        #expect(try credentials.token() == "beside")
        #expect(credentials.renew() == false)
        try directory.write("token", "one")
        #expect(credentials.renew() == true)
        #expect(try credentials.token() == "one")
        try directory.remove("token")
        #expect(try credentials.token() == "one")
        #expect(credentials.renew() == true)
        #expect(try credentials.token() == "beside")
    }

    @Test func `a secret is swapped by its directory, as Kubernetes does it`() throws {
        try directory.write("v1/token", "one")
        try directory.write("v2/token", "two")
        try directory.link("..data", to: "v1")
        try directory.link("token", to: "..data/token")
        var credentials = Credentials()
        credentials.use(.file(directory.file("token")))
        #expect(try credentials.token() == "one")
        try directory.link("..data", to: "v2")
        #expect(try credentials.token() == "two")
    }

    @Test func `a file that holds more than a token is not sent`() throws {
        var credentials = Credentials()
        try directory.write("token", "one two")
        credentials.use(.file(directory.file("token")))
        #expect(throws: ClusterAccess.Unusable.self) { _ = try credentials.token() }
        credentials.use(.text("three"))
        #expect(try credentials.token() == "three")
        #expect(credentials.renew() == false)
    }
}
