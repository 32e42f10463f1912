/// Pearson's test of whether counts may come from shares.
enum ChiSquared {
    /// Whether the counts are what one run in a hundred thousand would at least look like. Shares that expect less than five are pooled.
    static func isPlausible(_ counts: [Int], shares: [Double]) -> Bool {
        let total = Double(counts.reduce(0, +))
        let sum = shares.reduce(0, +)
        var statistic = 0.0
        var classes = 0
        var pooled = (observed: 0.0, expected: 0.0)
        for (count, share) in zip(counts, shares) {
            let expected = total * share / sum
            guard expected >= 5 else {
                pooled.observed += Double(count)
                pooled.expected += expected
                continue
            }
            statistic += (Double(count) - expected) * (Double(count) - expected) / expected
            classes += 1
        }
        if pooled.expected > 0 {
            statistic += (pooled.observed - pooled.expected) * (pooled.observed - pooled.expected) / pooled.expected
            classes += 1
        }
        guard classes > 1 else { return true }
        // The approximation of Wilson and Hilferty: 4.27 standard deviations are exceeded once in 100,000.
        let freedom = Double(classes - 1)
        let spread = 2 / (9 * freedom)
        let bound = freedom * cube(1 - spread + 4.27 * spread.squareRoot())
        return statistic <= bound
    }

    private static func cube(_ value: Double) -> Double { value * value * value }
}
