extension Configuration {
    /// Peers in an etcd cluster, under keys `<prefix><service>/<host>:<port>`.
    package struct Etcd: Sendable, Equatable {
        /// The two protocols of etcd.
        package enum API: String, Sendable, CaseIterable {
            /// The JSON gateway of etcd 3.
            case v3
            /// The keys API of etcd 3.5 and earlier, with `--enable-v2`.
            case v2
        }

        /// The URLs of the members, without a slash at the end; never empty. Required.
        package internal(set) var endpoints: [String]
        /// The prefix of all keys; starts and ends with `/`. The default is `/v1/testing/services/`.
        package internal(set) var prefix = "/v1/testing/services/"
        /// The protocol. The default is v3.
        package internal(set) var api = API.v3
        /// The user to log in as. The default is none.
        package internal(set) var username: String?
        /// The file that holds the user's password; there exactly when the user is.
        package internal(set) var passwordFile: String?
        /// The authorities to trust for https endpoints, as PEM. The default is the system's.
        package internal(set) var caFile: String?
        /// The client certificate, as PEM. The default is none.
        package internal(set) var certFile: String?
        /// The key of the client certificate; there exactly when the certificate is.
        package internal(set) var keyFile: String?
    }
}
