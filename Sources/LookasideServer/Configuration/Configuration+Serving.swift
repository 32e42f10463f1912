package import Logging

extension Configuration {
    /// Several picks in one answer.
    package struct Lease: Sendable, Equatable {
        /// How long clients may use a lease. The default is 5 s.
        package internal(set) var valid = Duration.seconds(5)
    }

    /// What `/metrics` shows.
    package struct Metrics: Sendable, Equatable {
        /// Whether series carry the label `peer`. The default is false.
        package internal(set) var perPeer = false
    }

    /// The server's own certificate.
    package struct TLS: Sendable, Equatable {
        /// The certificate with its chain, as PEM. Required.
        package internal(set) var certFile: String
        /// The key of the certificate. Required.
        package internal(set) var keyFile: String
        /// The authorities that clients' certificates must come from. The default is none: clients need no certificate.
        package internal(set) var clientCAFile: String?
    }

    /// Bearer tokens, one a line of each file.
    package struct Auth: Sendable, Equatable {
        /// The tokens for everything but `/healthz` and `/readyz`. The default is none: picks and reports are open.
        package internal(set) var tokenFile: String?
        /// The tokens for overrides and shed. The default is none: these are refused.
        package internal(set) var adminTokenFile: String?
    }

    /// The server's log.
    package struct Log: Sendable, Equatable {
        /// How a line is written.
        package enum Format: String, Sendable, CaseIterable {
            /// For people.
            case text
            /// One JSON object a line.
            case json
        }

        /// The least level that is logged. The default is info.
        package internal(set) var level = Logger.Level.info
        /// How lines are written. The default is text.
        package internal(set) var format = Format.text
    }
}
