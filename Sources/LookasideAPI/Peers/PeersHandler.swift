internal import Balancing
internal import Discovery
internal import HTTPServing

/// `GET /peers` and `GET /peers/{service}`: what may be picked, as published.
struct PeersHandler: Sendable {
    let directory: ServiceDirectory
    let monitors: [SourceMonitor]
    let clock: ServerClock
    let processID: String

    func all(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        _ = try Parameters(of: request, allowed: [])
        let index = clock.index
        let tag = EntityTag(processID: processID, index: index)
        guard !tag.isKnown(to: request) else { return .response(tag.notModified) }
        return .deferred(.low) {
            let services = directory.all.map { ServiceSummary(service: $0.name, plan: $0.plan) }
            return .json(AllPeersBody(index: index, services: services.sorted { $0.service < $1.service }), headers: [tag.header])
        }
    }

    func service(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let name = try request.serviceName()
        _ = try Parameters(of: request, allowed: [])
        let plan = try directory.find(name).plan
        let tag = EntityTag(processID: processID, index: plan.index)
        guard !tag.isKnown(to: request) else { return .response(tag.notModified) }
        return .deferred { .json(ServicePeersBody(service: name, plan: plan, monitors: monitors), headers: [tag.header]) }
    }
}
