internal import Discovery
internal import EtcdSource
internal import FileSource
internal import HTTPTransport
internal import Logging

extension Configuration.Source {
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
            guard let client, isSupported else { return nil }
            return EtcdSource(
                configuration: .init(endpoints: etcd.endpoints, prefix: etcd.prefix, certificateAuthorityFile: etcd.caFile),
                client: client,
                logger: logger
            )
        case .kubernetes:
            return nil
        }
    }
}
