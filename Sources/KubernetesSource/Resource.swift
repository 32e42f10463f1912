extension KubernetesSource {
    /// The objects that name the peers of services.
    package enum Resource: Sendable, CaseIterable {
        /// `discovery.k8s.io/v1` EndpointSlices.
        case endpointSlices
        /// `v1` Endpoints, which Kubernetes 1.33 calls deprecated, and which hold no more than 1,000 addresses of a service.
        case endpoints

        /// What is done with them, as a role must allow it.
        package static let verbs = ["list", "watch"]

        /// The API group, empty for the core group.
        package var group: String {
            switch self {
            case .endpointSlices: "discovery.k8s.io"
            case .endpoints: ""
            }
        }

        /// The name in paths and roles.
        package var name: String {
            switch self {
            case .endpointSlices: "endpointslices"
            case .endpoints: "endpoints"
            }
        }

        /// The kind of one object.
        var kind: String {
            switch self {
            case .endpointSlices: "EndpointSlice"
            case .endpoints: "Endpoints"
            }
        }

        /// The group with its version.
        var apiVersion: String { group.isEmpty ? "v1" : "\(group)/v1" }

        /// The path of the objects of a namespace; `nil`: of all.
        func path(in namespace: String?) -> String {
            (group.isEmpty ? "/api/" : "/apis/") + apiVersion + (namespace.map { "/namespaces/\($0)" } ?? "") + "/\(name)"
        }
    }
}
