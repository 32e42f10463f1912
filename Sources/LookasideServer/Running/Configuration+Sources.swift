internal import Discovery
internal import EtcdSource
internal import FileSource
internal import HTTPTransport
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
        case .kubernetes(let kubernetes): "kubernetes \(kubernetes.namespace ?? "")"
        }
    }

    /// Whether the source speaks HTTP.
    var needsClient: Bool {
        if case .etcd = kind { true } else { false }
    }

    /// The source itself; `nil` for one that this version cannot get peers from.
    func make(client: HTTPClient?, logger: Logger) -> (any Source)? {
        switch kind {
        case .file(let file):
            return FileSource(path: file.path, logger: logger)
        case .etcd(let etcd):
            guard let client else { return nil }
            return EtcdSource(configuration: etcd.sourceConfiguration, client: client, logger: logger)
        case .kubernetes:
            return nil
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
