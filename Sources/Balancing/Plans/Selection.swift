/// Which peers of a service may be picked, given what is known of each.
package enum Selection {
    /// What a selection looks at.
    package struct Member: Sendable {
        /// Whether its operator lets it take picks, by status and weight.
        package let isCandidate: Bool
        /// Whether neither check speaks against it.
        package let isWell: Bool

        /// Makes a member.
        package init(isCandidate: Bool, isWell: Bool) {
            self.isCandidate = isCandidate
            self.isWell = isWell
        }
    }

    /// What was selected.
    package enum Choice: Sendable, Equatable {
        /// The candidates that are well.
        case eligible
        /// Too few candidates are well: all of them are picked, and answers say so.
        case panic
    }

    /// Chooses: below `panic_threshold` (0: never) of the candidates being well, all are picked with their weights.
    package static func choose(among members: some Sequence<Member>, panicThreshold: Double) -> Choice {
        var candidates = 0
        var eligible = 0
        for member in members where member.isCandidate {
            candidates += 1
            eligible += member.isWell ? 1 : 0
        }
        return candidates > 0 && Double(eligible) / Double(candidates) < panicThreshold ? .panic : .eligible
    }
}
