internal import Balancing
internal import Discovery

/// The answer of `GET /events`.
struct EventsBody: Encodable {
    let index: UInt64
    let events: [Body]

    struct Body: Encodable {
        let index: UInt64
        let at: String
        let service: String
        let peer: String
        let from: String
        let to: String
        let reason: String
        let evidence: EvidenceBody?
    }

    init(index: UInt64, events: [Event]) {
        self.index = index
        self.events = events.map { event in
            Body(
                index: event.index,
                at: Timestamp.text(event.at),
                service: event.service,
                peer: "\(event.transition.peer)",
                from: event.transition.from.rawValue,
                to: event.transition.to.rawValue,
                reason: event.transition.reason,
                evidence: event.transition.finding.map { EvidenceBody($0) }
            )
        }
    }
}
