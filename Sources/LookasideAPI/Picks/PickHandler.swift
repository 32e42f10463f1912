internal import Balancing
internal import HTTPServing

/// `GET /pick/{service}`: which peer should this request go to?
struct PickHandler: Sendable {
    /// The longest lease whose answer is joined on the worker that took the request: well under a millisecond.
    private static let longestImmediateLease = 100

    let directory: ServiceDirectory
    let clock: ServerClock
    let leaseValidSeconds: Double

    func pick(_ request: borrowing HTTPRequest) throws(APIError) -> HTTPReply {
        let name = try request.serviceName()
        let parameters = try PickParameters(request)
        let service = try directory.find(name)
        return try pick(from: service, parameters)
    }

    private func pick(from service: ServiceState, _ parameters: PickParameters) throws(APIError) -> HTTPReply {
        guard parameters.count == nil, parameters.excluded.isEmpty, !parameters.isDryRun else {
            return try pickSeveral(from: service, parameters)
        }
        guard let pick = service.pick(at: clock.second()) else { throw .noPeer(service.name) }
        return reply(pick, service.name, isText: parameters.isText)
    }

    private func pickSeveral(from service: ServiceState, _ parameters: PickParameters) throws(APIError) -> HTTPReply {
        let count = parameters.count ?? 1
        let picks: [Pick]
        if !parameters.excluded.isEmpty {
            var generator = SystemRandomNumberGenerator()
            picks = service.pick(
                count: count,
                excluding: parameters.excluded,
                at: parameters.isDryRun ? nil : clock.second(),
                using: &generator
            )
        } else if parameters.isDryRun {
            picks = service.preview(count: count)
        } else {
            picks = service.pick(count: count, at: clock.second())
        }
        guard let first = picks.first else { throw .noPeer(service.name) }
        if parameters.count == nil { return reply(first, service.name, isText: parameters.isText) }
        if parameters.isText { return .response(.pickText(picks.map { "\($0.peer.address)" })) }
        let validSeconds = leaseValidSeconds
        let name = service.name
        return count <= Self.longestImmediateLease
            ? .response(LeaseBody.response(service: name, picks: picks, validSeconds: validSeconds))
            : .deferred { LeaseBody.response(service: name, picks: picks, validSeconds: validSeconds) }
    }

    private func reply(_ pick: Pick, _ service: String, isText: Bool) -> HTTPReply {
        if isText { return .prepared(pick.answers(service: service).text) }
        if pick.flags.isEmpty { return .prepared(pick.answers(service: service).json) }
        return .response(PickBody.response(service: service, peer: pick.peer.address, weight: pick.weight, flags: pick.flags))
    }
}
