package import HTTPTransport

extension KubernetesSource {
    /// Where and what a ``KubernetesSource`` reads, what it makes of it, and how long it waits.
    package struct Configuration: Sendable {
        /// How a cluster is reached.
        package enum Cluster: Sendable {
            /// The cluster that the process runs in, by the environment and the files of its pod's service account.
            case own
            /// The API server at a URL.
            case server(String)
            /// What a kubeconfig file says, which is read for each session.
            case kubeconfig(String)
        }

        /// What is said of all peers.
        package struct Peers: Sendable {
            /// The name of the port to take, `http`; without such a port the only TCP port is taken.
            package var portName: String

            /// The port to take when neither the name decides nor there is just one; `nil`: the service is reported, and has
            /// no peers, or those at the port it had before.
            package var port: Int?

            /// The weight, 100; a label of the service counts more.
            package var weight: Double

            /// The seconds of slow start; a label of the service counts more. `nil`: what is configured for the service.
            package var slowStart: Double?

            /// The active check, empty for none; `nil`: what is configured for the service, or none.
            package var checkURL: String?

            /// Makes what is said of peers; every argument has the documented default.
            package init(
                portName: String = "http",
                port: Int? = nil,
                weight: Double = 100,
                slowStart: Double? = nil,
                checkURL: String? = nil
            ) {
                self.portName = portName
                self.port = port
                self.weight = weight
                self.slowStart = slowStart
                self.checkURL = checkURL
            }
        }

        /// How the cluster is reached; the own one.
        package var cluster: Cluster

        /// The file that holds the bearer token, read for each request; `nil`: the service account's in the own cluster, none otherwise.
        package var tokenFile: String?

        /// Whom to trust and who we are; the authorities are by default the service account's in the own cluster, the system's otherwise.
        package var tls: HTTPClient.TLSOptions

        /// The namespace; `*`: all, whose services are named `name.namespace`. `nil`: the service account's, the kubeconfig file's, or
        /// `default`.
        package var namespace: String?

        /// The objects to read; endpoint slices.
        package var resource: Resource

        /// Which of them, in Kubernetes' own words: `app=web`; `nil`: all.
        package var labelSelector: String?

        /// What is said of all peers.
        package var peers: Peers

        /// Objects a page of a list, 200: while it is decoded, a page takes many times the memory of its peers.
        package var pageSize: Int

        /// The longest answer that is read, in bytes: a page of a list or an event; 64 MiB. A list goes on in smaller pages, a watch with a list.
        package var answerLimit: Int

        /// Time for the answer that opens a watch, and for that which proves the history before; 10 s.
        package var requestTimeout: Duration

        /// Time for a page of a list, 60 s: the API server itself gives up after that.
        package var listTimeout: Duration

        /// The longest silence of a watch, 75 s; then it is begun again, which proves contact. A bookmark comes about every 60 s, where the
        /// API server sends any.
        package var idleTimeout: Duration

        /// How long a watch lives at least, 300 s; at most twice as long, and half a minute for the API server to end it. At random, so that
        /// not all clients begin again together.
        package var watchLifetime: Duration

        /// Makes a configuration; every argument has the documented default.
        package init(
            cluster: Cluster = .own,
            tokenFile: String? = nil,
            tls: HTTPClient.TLSOptions = HTTPClient.TLSOptions(),
            namespace: String? = nil,
            resource: Resource = .endpointSlices,
            labelSelector: String? = nil,
            peers: Peers = Peers(),
            pageSize: Int = 200,
            answerLimit: Int = 64 << 20,
            requestTimeout: Duration = .seconds(10),
            listTimeout: Duration = .seconds(60),
            idleTimeout: Duration = .seconds(75),
            watchLifetime: Duration = .seconds(300)
        ) {
            self.cluster = cluster
            self.tokenFile = tokenFile
            self.tls = tls
            self.namespace = namespace
            self.resource = resource
            self.labelSelector = labelSelector
            self.peers = peers
            self.pageSize = pageSize
            self.answerLimit = answerLimit
            self.requestTimeout = requestTimeout
            self.listTimeout = listTimeout
            self.idleTimeout = idleTimeout
            self.watchLifetime = watchLifetime
        }
    }
}
