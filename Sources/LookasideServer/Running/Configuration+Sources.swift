internal import Discovery
internal import EtcdSource
internal import FileSource
internal import HTTPTransport
internal import KubernetesSource
internal import Logging

extension Configuration.Source {
    /// What the control plane has to know of the source.
    var description: SourceDescription {
        SourceDescription(name: name, scope: scope, emptyGuard: emptyGuard)
    }

    /// Where it reads: not by which of a cluster's members, which may change.
    private var scope: String {
        switch kind {
        case .file(let file): "file \(file.path)"
        case .etcd(let etcd): "etcd \(etcd.api.rawValue) \(etcd.prefix)"
        case .kubernetes(let kubernetes): kubernetes.scope
        }
    }

    /// Whether the source speaks HTTP.
    var needsClient: Bool {
        switch kind {
        case .etcd, .kubernetes: true
        case .file: false
        }
    }

    /// The source itself; `nil` for one that speaks HTTP when there is no client.
    func make(client: HTTPClient?, logger: Logger) -> (any Source)? {
        switch kind {
        case .file(let file):
            return FileSource(path: file.path, logger: logger)
        case .etcd(let etcd):
            guard let client else { return nil }
            return EtcdSource(configuration: etcd.sourceConfiguration, client: client, logger: logger)
        case .kubernetes(let kubernetes):
            guard let client else { return nil }
            return KubernetesSource(configuration: kubernetes.sourceConfiguration, client: client, logger: logger)
        }
    }
}

extension Configuration.Etcd {
    fileprivate var sourceConfiguration: EtcdSource.Configuration {
        var configuration = EtcdSource.Configuration(endpoints: endpoints, prefix: prefix)
        configuration.api =
            switch api {
            case .v3: .v3
            case .v2: .v2
            }
        if let username, let passwordFile { configuration.credentials = .init(username: username, passwordFile: passwordFile) }
        configuration.tls = HTTPClient.TLSOptions(caFile: caFile, certificateFile: certFile, keyFile: keyFile)
        return configuration
    }
}

extension Configuration.Kubernetes {
    /// The cluster, the objects and the ports: peers at other ports are other peers.
    fileprivate var scope: String {
        let place = server ?? kubeconfig.map { "of \($0)" } ?? "in-cluster"
        let parts = [namespace.map { "namespace \($0)" }, labelSelector.map { "labels \($0)" }, "port \(portName)", port.map { "\($0)" }]
        return (["kubernetes \(place)"] + parts.compactMap { $0 }).joined(separator: " ")
    }

    fileprivate var sourceConfiguration: KubernetesSource.Configuration {
        var configuration = KubernetesSource.Configuration()
        if let server { configuration.cluster = .server(server) }
        if let kubeconfig { configuration.cluster = .kubeconfig(kubeconfig) }
        configuration.tokenFile = tokenFile
        configuration.tls = HTTPClient.TLSOptions(caFile: caFile, certificateFile: certFile, keyFile: keyFile)
        configuration.namespace = namespace
        configuration.resource =
            switch resource {
            case .endpointslices: .endpointSlices
            case .endpoints: .endpoints
            }
        configuration.labelSelector = labelSelector
        configuration.peers = .init(
            portName: portName,
            port: port,
            weight: weight,
            slowStart: slowStart.map { $0 / .seconds(1) },
            checkURL: checkURL
        )
        return configuration
    }
}
