import Foundation
import KubernetesSource
import Testing
import Yams

@testable import LookasideServer

/// The manifests agree with each other, with Kubernetes, and with what the code asks for.
struct ManifestTests {
    private let manifests: [Manifest]
    private let everywhere: [Manifest]

    init() throws {
        manifests = try Manifest.all(in: "kubernetes")
        everywhere = try Manifest.all(in: "kubernetes/all-namespaces")
    }

    private func only(_ kind: String, in manifests: [Manifest]? = nil) throws -> Manifest {
        let found = (manifests ?? self.manifests).filter { $0.kind == kind }
        try #require(found.count == 1, "\(kind)")
        return found[0]
    }

    private func podTemplate() throws -> Node { try #require(try only("Deployment").at("spec", "template")) }

    private func container() throws -> Node {
        let containers = try podTemplate().items("spec", "containers")
        try #require(containers.count == 1)
        return containers[0]
    }

    private func configuration() throws -> Configuration {
        let text = try #require(try only("ConfigMap").text("data", "lookaside.yaml"))
        return try Configuration.valid(text, file: "/etc/lookaside/lookaside.yaml")
    }

    @Test func `every object has its kind, version, name, namespace and labels`() throws {
        let versions = [
            "ConfigMap": "v1", "Deployment": "apps/v1", "PodDisruptionBudget": "policy/v1", "Role": "rbac.authorization.k8s.io/v1",
            "RoleBinding": "rbac.authorization.k8s.io/v1", "Service": "v1", "ServiceAccount": "v1",
        ]
        #expect(manifests.map(\.kind).sorted() == versions.keys.sorted())
        #expect(everywhere.map(\.kind) == ["ClusterRole", "ClusterRoleBinding"])
        for manifest in manifests + everywhere {
            let isOfCluster = manifest.kind.hasPrefix("Cluster")
            #expect(manifest.text("apiVersion") == versions[manifest.kind.replacing("Cluster", with: "")], "\(manifest.file)")
            #expect(manifest.name == "lookaside" && manifest.namespace == (isOfCluster ? nil : "default"), "\(manifest.file)")
            #expect(manifest.node.pairs("metadata", "labels") == ["app.kubernetes.io/name": "lookaside"], "\(manifest.file)")
        }
    }

    @Test func `selectors choose the pods of the deployment`() throws {
        let labels = try podTemplate().pairs("metadata", "labels")
        #expect(!labels.isEmpty)
        #expect(try only("Deployment").node.pairs("spec", "selector", "matchLabels") == labels)
        #expect(try only("PodDisruptionBudget").node.pairs("spec", "selector", "matchLabels") == labels)
        #expect(try only("Service").node.pairs("spec", "selector") == labels)
        for constraint in try podTemplate().items("spec", "topologySpreadConstraints") {
            #expect(constraint.pairs("labelSelector", "matchLabels") == labels)
        }
    }

    @Test func `the configuration is valid, and its paths and ports are those of the pod`() throws {
        let configuration = try configuration()
        let container = try container()
        #expect(configuration.listen.host == "::")
        let ports = container.items("ports")
        #expect(ports.map { $0.text("containerPort") } == ["\(configuration.listen.port)"])
        let service = try only("Service").node.items("spec", "ports")
        #expect(service.map { $0.text("targetPort") } == ports.map { $0.text("name") } && service.first?.text("port") != nil)

        let mounts = container.items("volumeMounts")
        let volumes = try podTemplate().items("spec", "volumes")
        #expect(Set(mounts.map { $0.text("name") }) == Set(volumes.map { $0.text("name") }))
        func volume(at path: String) -> Node? {
            let name = mounts.first { $0.text("mountPath") == path }?.text("name")
            return volumes.first { $0.text("name") == name }
        }
        let file = try #require(container.texts("args").last)
        #expect(container.texts("args") == ["serve", "--config", file])
        let map = try only("ConfigMap")
        #expect(volume(at: URL(filePath: file).deletingLastPathComponent().path)?.text("configMap", "name") == map.name)
        #expect(map.node.pairs("data").keys.contains(URL(filePath: file).lastPathComponent))
        let state = try #require(configuration.stateFile)
        #expect(volume(at: URL(filePath: state).deletingLastPathComponent().path)?.at(["emptyDir"]) != nil)
    }

    @Test func `probes ask what the server answers`() throws {
        let container = try container()
        let paths = ["livenessProbe", "readinessProbe"].map { container.text($0, "httpGet", "path") }
        #expect(paths == ["/healthz", "/readyz"])
        let document = try String(contentsOf: Manifest.deploy.appending(path: "../openapi.json"), encoding: .utf8)
        for path in paths { #expect(document.contains("\"\(path ?? "?")\": {")) }
        for probe in ["livenessProbe", "readinessProbe"] {
            #expect(container.items("ports").contains { $0.text("name") == container.text(probe, "httpGet", "port") })
        }
    }

    @Test func `a pod serves on until nobody sends clients to it, and a stop takes as long as it may`() throws {
        let command = try container().texts("lifecycle", "preStop", "exec", "command")
        #expect(command.count == 2 && command.first == "sleep")
        let pause = try #require(Int(command.last ?? ""))
        #expect(pause >= 5)
        let grace = try #require(Int(try podTemplate().text("spec", "terminationGracePeriodSeconds") ?? ""))
        #expect(.seconds(grace) > .seconds(pause) + (try configuration()).shutdownTimeout)
    }

    @Test func `the pods may do nothing that they do not need`() throws {
        let pod = try podTemplate()
        let container = try container()
        #expect(pod.text("spec", "securityContext", "runAsNonRoot") == "true")
        #expect(pod.text("spec", "securityContext", "seccompProfile", "type") == "RuntimeDefault")
        #expect(container.text("securityContext", "readOnlyRootFilesystem") == "true")
        #expect(container.text("securityContext", "allowPrivilegeEscalation") == "false")
        #expect(container.texts("securityContext", "capabilities", "drop") == ["ALL"])
        #expect(container.pairs("resources", "requests").keys.sorted() == ["cpu", "memory"])
        #expect(container.pairs("resources", "limits")["memory"] != nil)
        #expect(pod.at(["spec", "hostNetwork"]) == nil && container.at(["env"]) == nil)
        #expect(pod.text("spec", "enableServiceLinks") == "false")
    }

    @Test func `two replicas, of which one always stays, and a client stays on one`() throws {
        let replicas = try #require(Int(try only("Deployment").text("spec", "replicas") ?? ""))
        let available = try #require(Int(try only("PodDisruptionBudget").text("spec", "minAvailable") ?? ""))
        #expect(replicas == 2 && available == 1)
        #expect(try only("Service").text("spec", "sessionAffinity") == "ClientIP")
        for file in ["deployment.yaml", "service.yaml"] {
            let text = try String(contentsOf: Manifest.deploy.appending(path: "kubernetes/\(file)"), encoding: .utf8)
            #expect(text.replacing("\n#", with: "").replacing("\n  #", with: "").contains("until replicas share them"), "\(file)")
        }
    }

    @Test func `the roles allow what the code asks for, and nothing else`() throws {
        let kubernetes = try #require(try configuration().sources.first?.kubernetes)
        let resource: KubernetesSource.Resource = kubernetes.resource == .endpoints ? .endpoints : .endpointSlices
        for role in [try only("Role"), try only("ClusterRole", in: everywhere)] {
            let rules = role.node.items("rules")
            #expect(rules.count == 1)
            #expect(rules.map { $0.texts("apiGroups") } == [[resource.group]], "\(role.file)")
            #expect(rules.map { $0.texts("resources") } == [[resource.name]], "\(role.file)")
            #expect(rules.map { $0.texts("verbs") } == [KubernetesSource.Resource.verbs], "\(role.file)")
        }
        #expect(Set(KubernetesSource.Resource.verbs).isSubset(of: ["get", "list", "watch"]))
        // The other kind of objects is there to be chosen, as the comment of the role says it.
        let text = try String(contentsOf: Manifest.deploy.appending(path: "kubernetes/role.yaml"), encoding: .utf8)
        let other = KubernetesSource.Resource.endpoints
        #expect(text.contains("# - apiGroups: [\"\(other.group)\"]") && text.contains("#   resources: [\(other.name)]"))
        #expect(text.contains("#   verbs: [\(KubernetesSource.Resource.verbs.joined(separator: ", "))]"))
    }

    @Test func `roles are bound to the account of the pods`() throws {
        let account = try only("ServiceAccount")
        #expect(try podTemplate().text("spec", "serviceAccountName") == account.name)
        for (binding, role) in [
            (try only("RoleBinding"), try only("Role")),
            (try only("ClusterRoleBinding", in: everywhere), try only("ClusterRole", in: everywhere)),
        ] {
            #expect(binding.text("roleRef", "kind") == role.kind && binding.text("roleRef", "name") == role.name)
            #expect(binding.text("roleRef", "apiGroup") == "rbac.authorization.k8s.io")
            let subjects = binding.node.items("subjects")
            #expect(subjects.map { $0.text("kind") } == [account.kind] && subjects.map { $0.text("name") } == [account.name])
            #expect(subjects.map { $0.text("namespace") } == [account.namespace])
        }
    }

    @Test func `the image is built for these pods`() throws {
        let lines = try String(contentsOf: Manifest.deploy.appending(path: "Dockerfile"), encoding: .utf8).split(separator: "\n")
        func word(_ instruction: String) -> String? {
            lines.last { $0.hasPrefix(instruction + " ") }.map { String($0.dropFirst(instruction.count + 1)) }
        }
        let pod = try podTemplate()
        let user = pod.text("spec", "securityContext", "runAsUser") ?? "?"
        #expect(word("USER") == "\(user):\(pod.text("spec", "securityContext", "runAsGroup") ?? "?")")
        #expect(word("EXPOSE") == (try container()).items("ports").first?.text("containerPort"))
        #expect(word("ENTRYPOINT") == "[\"lookaside\"]")
        let arguments = try container().texts("args").map { "\"\($0)\"" }.joined(separator: ", ")
        #expect(word("CMD") == "[\(arguments)]")
        #expect(try container().text("image") == "lookaside:\(LookasideServer.version)")
    }
}
