package import HTTPTransport

extension EtcdSource {
    /// Where and what an ``EtcdSource`` reads, and how long it waits.
    package struct Configuration: Sendable {
        /// A user of etcd.
        package struct Credentials: Sendable {
            /// The user's name.
            package var username: String

            /// The file that holds the password, read at each login, which with v2 is each session; line ends behind the password are not part of it.
            package var passwordFile: String

            /// Makes the credentials of a user.
            package init(username: String, passwordFile: String) {
                self.username = username
                self.passwordFile = passwordFile
            }
        }

        /// The two protocols of etcd, each with a store of its own.
        package enum API: Sendable {
            /// The JSON gateway of etcd 3.
            case v3
            /// The keys API of etcd 3.5 and earlier, with `--enable-v2`.
            case v2
        }

        /// The client URLs of the members of one cluster: `http://127.0.0.1:2379`. One is used at a time, the others when it fails.
        package var endpoints: [String]

        /// The prefix of all keys, `/v1/testing/services/`; one that does not end in `/` gets it.
        package var prefix: String

        /// The protocol, v3.
        package var api: API

        /// Who logs in; `nil`: nobody.
        package var credentials: Credentials?

        /// Whom to trust and who we are, for https; by default the system's authorities and no certificate.
        package var tls: HTTPClient.TLSOptions

        /// Keys a page of a list, 25,000; v2 has no pages. etcd counts the whole range for each page, so that small pages make a list quadratic.
        package var pageSize: Int

        /// The longest answer that is read, in bytes: a page of a list or a message of a watch; 64 MiB. A list goes on in smaller pages, if
        /// it has pages, a watch with a list: etcd bounds a transaction to 1.5 MiB, but a message of a watch that catches up holds up to
        /// 1,000 of them.
        package var answerLimit: Int

        /// Time for etcd to answer, and then for the body of one page of a list; and for etcd to create a watch; 10 s.
        package var requestTimeout: Duration

        /// Time for the body of a list by v2, which has no pages, as long as bytes come in every ``requestTimeout``; 2 min.
        package var listTimeout: Duration

        /// The longest silence of a watch, 30 s; then it is begun again, which proves that etcd is there.
        package var idleTimeout: Duration

        /// Makes a configuration; every argument but the endpoints has the documented default.
        package init(
            endpoints: [String],
            prefix: String = "/v1/testing/services/",
            api: API = .v3,
            credentials: Credentials? = nil,
            tls: HTTPClient.TLSOptions = HTTPClient.TLSOptions(),
            pageSize: Int = 25_000,
            answerLimit: Int = 64 << 20,
            requestTimeout: Duration = .seconds(10),
            listTimeout: Duration = .seconds(120),
            idleTimeout: Duration = .seconds(30)
        ) {
            self.endpoints = endpoints
            self.prefix = prefix
            self.api = api
            self.credentials = credentials
            self.tls = tls
            self.pageSize = pageSize
            self.answerLimit = answerLimit
            self.requestTimeout = requestTimeout
            self.listTimeout = listTimeout
            self.idleTimeout = idleTimeout
        }
    }
}
