internal import Discovery
internal import EtcdSource
internal import FileSource
internal import HTTPTransport
internal import Logging

extension Configuration.Source {
    /// Whether this version can get peers from the source.
    var canDeliver: Bool {
        switch kind {
        case .etcd(let etcd): etcd.api == .v3
        case .kubernetes: false
        case .file: true
        }
    }

    /// Whether the source speaks HTTP.
    var needsClient: Bool {
        if case .etcd = kind { true } else { false }
    }

    /// The source itself; only for one that ``canDeliver``.
    func make(client: HTTPClient?, logger: Logger) -> any Source {
        switch kind {
        case .file(let file):
            return FileSource(path: file.path, logger: logger)
        case .etcd, .kubernetes:
            preconditionFailure("not here yet")
        }
    }
}
