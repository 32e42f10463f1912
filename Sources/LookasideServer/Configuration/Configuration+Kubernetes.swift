extension Configuration {
    /// Peers of the services of a Kubernetes cluster; the one that the process runs in, when neither `server` nor `kubeconfig` is given.
    package struct Kubernetes: Sendable, Equatable {
        /// The objects that name the peers.
        package enum Resource: String, Sendable, CaseIterable {
            /// `discovery.k8s.io/v1` endpoint slices.
            case endpointslices
            /// The older `v1` endpoints.
            case endpoints
        }

        /// The URL of the API server, without a slash at the end; not together with `kubeconfig`.
        package internal(set) var server: String?
        /// The file that says how to reach the cluster; not together with `server`.
        package internal(set) var kubeconfig: String?
        /// The namespace, or `*` for all; nil: the pod's, the kubeconfig file's, or `default`.
        package internal(set) var namespace: String?
        /// The file that holds the bearer token, read again for each request; nil: the pod's in its own cluster, else none.
        package internal(set) var tokenFile: String?
        /// The authorities to trust, as PEM; nil: the pod's in its own cluster, else the system's.
        package internal(set) var caFile: String?
        /// The client certificate, as PEM; nil: none.
        package internal(set) var certFile: String?
        /// The key of the client certificate; there exactly when the certificate is.
        package internal(set) var keyFile: String?
        /// The objects to read. The default is endpoint slices.
        package internal(set) var resource = Resource.endpointslices
        /// The name of the port to take, `http` by default; else the only TCP port, else `port`.
        package internal(set) var portName = "http"
        /// The port to take when neither the name decides nor there is just one; nil: the service is reported.
        package internal(set) var port: Int?
        /// A label selector of the objects; nil: all.
        package internal(set) var labelSelector: String?
        /// The weight of every peer, 0 to 65535; a label of the service counts more. The default is 100.
        package internal(set) var weight = 100.0
        /// The ramp of a new peer, zero is off; a label of the service counts more. Nil: that of `services`, else 30 s.
        package internal(set) var slowStart: Duration?
        /// The URL of the active check. Nil: that of `services`, else none, since the kubelet's readiness is the check.
        package internal(set) var checkURL: String?
    }
}
