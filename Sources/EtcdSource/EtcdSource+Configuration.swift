extension EtcdSource {
    /// Where and what an ``EtcdSource`` reads, and how long it waits.
    package struct Configuration: Sendable {
        /// The client URLs of the cluster: `http://127.0.0.1:2379`. The first one is used.
        package var endpoints: [String]

        /// The prefix of all keys, `/v1/testing/services/`; one that does not end in `/` gets it.
        package var prefix: String

        /// A PEM file with the certificates to trust for https, and no others; `nil`: the system's.
        package var certificateAuthorityFile: String?

        /// Keys a page of a list, 5,000. etcd counts the whole range for each page, so that small pages make a list quadratic.
        package var pageSize: Int

        /// Time for one page of a list, and for etcd to create a watch; 10 s.
        package var requestTimeout: Duration

        /// The longest silence of a watch, 30 s; then it is begun again from where it was, which proves that etcd is there.
        package var idleTimeout: Duration

        /// Makes a configuration; every argument but the endpoints has the documented default.
        package init(
            endpoints: [String],
            prefix: String = "/v1/testing/services/",
            certificateAuthorityFile: String? = nil,
            pageSize: Int = 5000,
            requestTimeout: Duration = .seconds(10),
            idleTimeout: Duration = .seconds(30)
        ) {
            self.endpoints = endpoints
            self.prefix = prefix
            self.certificateAuthorityFile = certificateAuthorityFile
            self.pageSize = pageSize
            self.requestTimeout = requestTimeout
            self.idleTimeout = idleTimeout
        }
    }
}
