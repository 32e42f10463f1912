internal import Balancing
internal import HTTPServing

extension HTTPRequest {
    /// The name of the service that the path's first variable segment holds.
    borrowing func serviceName() throws(APIError) -> String {
        let raw = segment(0)
        if ServiceName.isValid(raw) { return String(decoding: raw, as: UTF8.self) }
        guard let name = decodedSegment(0) else {
            throw .invalidService("the service name holds a bad percent-encoding")
        }
        guard ServiceName.isValid(name) else { throw .invalidService("a service name is \(ServiceName.rule)") }
        return name
    }
}

extension ServiceDirectory {
    /// The service of that name, or the error that says why there is none.
    func find(_ name: String) throws(APIError) -> ServiceState {
        if let service = self[name] { return service }
        throw isSynced
            ? .unknownService(name)
            : .notSynced("not every source has delivered yet, so the service \(name) may still come; /readyz names the sources")
    }
}
