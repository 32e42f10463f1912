import Testing

@testable import Discovery

struct LogBudgetTests {
    @Test func `twenty lines a second are written, and the next second says how many were not`() {
        let start = ContinuousClock.now
        var budget = LogBudget()
        #expect((0..<20).allSatisfy { _ in budget.take(at: start) == 0 })
        #expect((0..<1000).allSatisfy { _ in budget.take(at: start + .milliseconds(999)) == nil })
        #expect(budget.take(at: start + .seconds(1)) == 1000)
        #expect(budget.take(at: start + .seconds(1)) == 0)
        var other = LogBudget(lines: 2, per: .seconds(60))
        #expect((0..<4).map { other.take(at: start + .seconds(59 * $0 / 3)) } == [0, 0, nil, nil])
        #expect(other.take(at: start + .seconds(60)) == 2)
    }
}
