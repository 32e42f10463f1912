/// Which peers of a service may be picked, given what is known of each.
package enum Selection: Sendable, Equatable {
    /// The candidates that are well.
    case eligible
    /// Too few candidates are well: all of them, and answers say `panic`.
    case allCandidates
    /// No candidate can be picked: the draining peers that are well.
    case wellDraining
    /// Neither a candidate nor a draining peer is well: all draining peers, and answers say `panic`.
    case allDraining

    /// What a selection looks at.
    package struct Member: Sendable {
        /// What its operator says of it, by status and weight.
        package let role: Role
        /// Whether neither check speaks against it.
        package let isWell: Bool

        /// Makes a member.
        package init(role: Role, isWell: Bool) {
            self.role = role
            self.isWell = isWell
        }
    }

    /// What a peer is there for, as far as its operator is concerned.
    package enum Role: Sendable {
        /// Takes picks.
        case candidate
        /// Is going: takes picks only while no candidate can.
        case draining
        /// Takes none.
        case out
    }

    /// Selects: candidates that are well, unless less than `panicThreshold` of the candidates are (0: never); without one, draining peers.
    package init(among members: some Sequence<Member>, panicThreshold: Double) {
        var candidates = 0
        var eligible = 0
        var draining = 0
        var wellDraining = 0
        for member in members {
            let well = member.isWell ? 1 : 0
            switch member.role {
            case .candidate:
                candidates += 1
                eligible += well
            case .draining:
                draining += 1
                wellDraining += well
            case .out: break
            }
        }
        self =
            if candidates > 0, Double(eligible) / Double(candidates) < panicThreshold {
                .allCandidates
            } else if eligible > 0 {
                .eligible
            } else if wellDraining > 0 {
                .wellDraining
            } else if draining > 0, candidates == 0, panicThreshold > 0 {
                .allDraining
            } else {
                .eligible
            }
    }

    /// Whether answers say that peers are picked that are not well.
    package var isPanic: Bool { self == .allCandidates || self == .allDraining }

    /// Whether a member may be picked.
    package func picks(_ member: Member) -> Bool {
        switch self {
        case .eligible: member.role == .candidate && member.isWell
        case .allCandidates: member.role == .candidate
        case .wellDraining: member.role == .draining && member.isWell
        case .allDraining: member.role == .draining
        }
    }
}
