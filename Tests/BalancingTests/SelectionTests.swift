import Balancing
import Testing

struct SelectionTests {
    private func select(
        well: Int,
        ill: Int,
        out: Int = 0,
        wellDraining: Int = 0,
        illDraining: Int = 0,
        threshold: Double = 0.25
    ) -> Selection {
        func members(_ count: Int, _ role: Selection.Role, isWell: Bool) -> [Selection.Member] {
            Array(repeating: Selection.Member(role: role, isWell: isWell), count: count)
        }
        return Selection(
            among: members(well, .candidate, isWell: true) + members(ill, .candidate, isWell: false) + members(out, .out, isWell: true)
                + members(wellDraining, .draining, isWell: true) + members(illDraining, .draining, isWell: false),
            panicThreshold: threshold
        )
    }

    @Test func `below the threshold all candidates are picked`() {
        #expect(select(well: 1, ill: 3) == .eligible)
        #expect(select(well: 1, ill: 4) == .allCandidates)
        #expect(select(well: 0, ill: 1) == .allCandidates)
    }

    @Test func `a threshold of zero turns panic off`() {
        #expect(select(well: 0, ill: 4, threshold: 0) == .eligible)
        #expect(select(well: 0, ill: 0, illDraining: 1, threshold: 0) == .eligible)
    }

    @Test func `peers that their operator took out do not count`() {
        #expect(select(well: 2, ill: 0, out: 8) == .eligible)
        #expect(select(well: 0, ill: 0, out: 8) == .eligible)
    }

    @Test func `draining peers are picked only when no candidate can be`() {
        #expect(select(well: 1, ill: 0, wellDraining: 9) == .eligible)
        #expect(select(well: 0, ill: 2, wellDraining: 1) == .allCandidates)
        #expect(select(well: 0, ill: 2, wellDraining: 1, threshold: 0) == .wellDraining)
        #expect(select(well: 0, ill: 0, wellDraining: 1, illDraining: 8) == .wellDraining)
    }

    @Test func `when nobody is well and there is no candidate, all draining peers are picked in panic`() {
        #expect(select(well: 0, ill: 0, illDraining: 2) == .allDraining)
        #expect(Selection.allDraining.isPanic)
        #expect(!Selection.wellDraining.isPanic)
    }
}
