/// What the members of a plan have outstanding at a moment, and what picks that are only looked at would add to that.
struct LoadView {
    private let plan: Plan
    private let now: Moment
    private var planned: [Int: Float] = [:]

    init(_ plan: Plan, _ now: Moment) {
        self.plan = plan
        self.now = now
    }

    /// The requests that a member has under way.
    @inline(__always)
    func outstanding(_ member: Int) -> Float {
        let outstanding = plan.members[member].state.load.outstanding(at: now)
        return planned.isEmpty ? outstanding : outstanding + (planned[member] ?? 0)
    }

    /// The latency of a member in milliseconds; `nil`: unknown.
    func latency(_ member: Int) -> Float? {
        plan.members[member].state.load.latency(at: now)
    }

    /// How much picks that are only looked at have added to all members together.
    var plannedTotal: Float { planned.values.reduce(0, +) }

    /// Adds a pick that is only looked at.
    mutating func add(_ member: Int) {
        planned[member, default: 0] += 1
    }
}
