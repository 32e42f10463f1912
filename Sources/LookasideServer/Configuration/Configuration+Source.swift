extension Configuration {
    /// Where peers come from.
    package struct Source: Sendable, Equatable {
        /// The protocol of a source, with its own settings.
        package enum Kind: Sendable, Equatable {
            /// Keys of an etcd cluster.
            case etcd(Etcd)
            /// Endpoints of a Kubernetes cluster.
            case kubernetes(Kubernetes)
            /// A YAML file.
            case file(File)

            /// The key of the configuration that chooses the kind.
            package var key: String {
                switch self {
                case .etcd: return "etcd"
                case .kubernetes: return "kubernetes"
                case .file: return "file"
                }
            }

            /// How long missing peers are kept unless the file says something else.
            var defaultEmptyGuard: Duration {
                if case .file = self { return .zero }
                return .seconds(30)
            }
        }

        /// The source's name in statistics, logs and metrics: letters, digits, `-`, `_`, `.`. The default is its kind. No two sources share one.
        package internal(set) var name: String
        /// How long a list that would drop more than half of the peers keeps the missing ones; zero is off. The default is 30 s, for a file zero.
        package internal(set) var emptyGuard: Duration
        /// What the source is.
        package internal(set) var kind: Kind

        init(_ kind: Kind) {
            name = kind.key
            emptyGuard = kind.defaultEmptyGuard
            self.kind = kind
        }
    }

    /// Peers in a file.
    package struct File: Sendable, Equatable {
        /// The path of the peers file. The default is `peers.yaml`, beside the configuration file.
        package internal(set) var path = "peers.yaml"
    }
}
