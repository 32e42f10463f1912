internal import Balancing
internal import HTTPServing

/// `GET /pick/{service}`: which peer should this request go to?
struct PickHandler: Sendable {
    let directory: ServiceDirectory
    let clock: ServerClock
    let leaseValidSeconds: @Sendable () -> Double

    func pick(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let name = try request.serviceName()
        var parameters = try PickParameters(request)
        let service = try directory.find(name)
        // A service that hashes takes the client for the key of one who names none. A retry may go to any other peer.
        if parameters.key == nil, parameters.excluded.isEmpty, service.hashesKeys {
            parameters.key = StableHash.hash(request.clientAddress.utf8)
        }
        return try pick(from: service, parameters)
    }

    private func pick(from service: ServiceState, _ parameters: PickParameters) throws(APIError) -> HTTPReply {
        guard parameters.isPlain else { return reply(to: request(parameters), from: service, parameters) }
        guard let pick = service.pick(at: clock.now()) else { throw .noPeer(service.name) }
        return reply(pick, from: service, parameters)
    }

    private func reply(_ pick: Pick, from service: ServiceState, _ parameters: PickParameters) -> HTTPReply {
        if parameters.isText { return .prepared(pick.text()) }
        if pick.flags.isEmpty { return .prepared(pick.json(service: service.name)) }
        return .response(PickBody.response(service: service.name, peer: pick.peer.address, weight: pick.weight, flags: pick.flags))
    }

    private func request(_ parameters: PickParameters) -> ServiceState.Request {
        ServiceState.Request(
            count: parameters.count ?? 1,
            key: parameters.key,
            excluded: parameters.excluded,
            isPreview: parameters.isDryRun,
            leaseSeconds: parameters.count == nil ? nil : leaseValidSeconds()
        )
    }

    /// The reply to anything but a plain pick. What takes its time is not picked before it is answered: a request that is refused takes no picks.
    private func reply(to request: ServiceState.Request, from service: ServiceState, _ parameters: PickParameters) -> HTTPReply {
        guard let picks = service.pickAtOnce(request, at: clock.now()) else {
            return .deferred { response(service.pick(request, at: clock.now()), from: service, parameters) }
        }
        // What is only looked at leaves no prepared answer.
        if parameters.count == nil, !parameters.isDryRun, let pick = picks.first { return reply(pick, from: service, parameters) }
        return .response(response(picks, from: service, parameters))
    }

    private func response(_ picks: [Pick], from service: ServiceState, _ parameters: PickParameters) -> HTTPResponse {
        guard let first = picks.first else { return APIError.noPeer(service.name).response }
        if parameters.isText { return .pickText(picks.map { "\($0.peer.address)" }) }
        guard parameters.count != nil else {
            return PickBody.response(service: service.name, peer: first.peer.address, weight: first.weight, flags: first.flags)
        }
        return LeaseBody.response(service: service.name, picks: picks, validSeconds: leaseValidSeconds(), isKept: !parameters.isDryRun)
    }
}
