/// Finds the word that was probably meant.
enum Suggestion {
    /// The candidate nearest to the word, if it is near: at most two edits away, and at most a third of its letters. The first of equals wins.
    static func nearest(to word: String, in candidates: [String]) -> String? {
        let normalised = word.lowercased().replacing("-", with: "_")
        let distances = candidates.map { (candidate: $0, distance: distance(normalised, $0)) }
        guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= min(2, max(1, best.candidate.count / 3)) ? best.candidate : nil
    }

    /// The end of a message, `; did you mean …?`; empty when no candidate is near.
    static func hint(for word: String, in candidates: [String]) -> String {
        nearest(to: word, in: candidates).map { "; did you mean \($0)?" } ?? ""
    }

    /// The number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.prefix(64))
        let right = Array(right.prefix(64))
        var rows = [Array(0...right.count)]
        for i in 1..<(left.count + 1) {
            var row = [i]
            for j in 1..<(right.count + 1) {
                let replaced = rows[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1)
                row.append(min(replaced, rows[i - 1][j] + 1, row[j - 1] + 1))
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    row[j] = min(row[j], rows[i - 2][j - 2] + 1)
                }
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
