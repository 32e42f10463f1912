internal import Balancing
internal import HTTPServing

/// `GET /pick/{service}`: which peer should this request go to?
struct PickHandler: Sendable {
    /// The longest lease whose answer is made on the worker that took the request.
    private static let longestImmediateLease = 100
    /// The largest service of which a retry is answered on the worker: its peers may have to be gone through once.
    private static let largestImmediateExclusion = 10_000

    let directory: ServiceDirectory
    let clock: ServerClock
    let leaseValidSeconds: @Sendable () -> Double

    func pick(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let name = try request.serviceName()
        var parameters = try PickParameters(request)
        let service = try directory.find(name)
        // A service that hashes takes the client for the key of one who names none.
        if parameters.key == nil, service.hashesKeys { parameters.key = StableHash.hash(request.clientAddress.utf8) }
        return try pick(from: service, parameters)
    }

    private func pick(from service: ServiceState, _ parameters: PickParameters) throws(APIError) -> HTTPReply {
        guard parameters.isPlain else {
            guard isShort(parameters, service) else { return .deferred { response(from: service, parameters) } }
            return .response(response(from: service, parameters))
        }
        guard let pick = service.pick(at: clock.now()) else { throw .noPeer(service.name) }
        return reply(pick, from: service, parameters)
    }

    private func reply(_ pick: Pick, from service: ServiceState, _ parameters: PickParameters) -> HTTPReply {
        if parameters.isText { return .prepared(pick.text()) }
        if pick.flags.isEmpty { return .prepared(pick.json(service: service.name)) }
        return .response(PickBody.response(service: service.name, peer: pick.peer.address, weight: pick.weight, flags: pick.flags))
    }

    /// Whether an answer takes well under a millisecond.
    private func isShort(_ parameters: PickParameters, _ service: ServiceState) -> Bool {
        (parameters.count ?? 1) <= Self.longestImmediateLease
            && (parameters.excluded.isEmpty || service.plan.eligibleCount <= Self.largestImmediateExclusion)
            && (parameters.key == nil || service.plan.isRingAtHand)
    }

    /// The answer to anything but a plain pick. The picks are taken here and not before: a request that is refused takes none.
    private func response(from service: ServiceState, _ parameters: PickParameters) -> HTTPResponse {
        let picks = picks(from: service, parameters)
        guard let first = picks.first else { return APIError.noPeer(service.name).response }
        if parameters.isText { return .pickText(picks.map { "\($0.peer.address)" }) }
        guard parameters.count != nil else {
            return PickBody.response(service: service.name, peer: first.peer.address, weight: first.weight, flags: first.flags)
        }
        return LeaseBody.response(service: service.name, picks: picks, validSeconds: leaseValidSeconds(), isKept: !parameters.isDryRun)
    }

    private func picks(from service: ServiceState, _ parameters: PickParameters) -> [Pick] {
        service.pick(
            ServiceState.Request(
                count: parameters.count ?? 1,
                key: parameters.key,
                excluded: parameters.excluded,
                isPreview: parameters.isDryRun,
                leaseSeconds: parameters.count == nil ? nil : leaseValidSeconds()
            ),
            at: clock.now()
        )
    }
}
