/// What the labels of a service say of its peers. Kubernetes copies a Service's labels onto its slices and Endpoints, annotations it does not.
struct ServiceLabels {
    /// The label for the weight.
    static let weight = "lookaside.dev/weight"
    /// The label for the seconds of slow start.
    static let slowStart = "lookaside.dev/slow-start"

    private let labels: [String: String]
    /// What is wrong with them.
    private(set) var problems: [String] = []

    /// Takes the labels of an object.
    init(_ labels: [String: String]) {
        self.labels = labels
    }

    /// What the labels say is noted in `lastValid`; one that is not valid leaves what it said before.
    ///
    /// - Returns: the settings of the service's peers: what the labels say, else what is configured.
    mutating func settings(
        over configured: KubernetesSource.Configuration.Peers,
        _ lastValid: inout Contribution.LastValid
    ) -> KubernetesSource.Configuration.Peers {
        lastValid.weight = number(Self.weight, in: 0...65535, else: lastValid.weight)
        lastValid.slowStart = number(Self.slowStart, in: 0...86400, else: lastValid.slowStart)
        var settings = configured
        if let weight = lastValid.weight { settings.weight = weight }
        if let slowStart = lastValid.slowStart { settings.slowStart = slowStart }
        return settings
    }

    private mutating func number(_ label: String, in range: ClosedRange<Double>, else last: Double?) -> Double? {
        guard let text = labels[label] else { return nil }
        // Not what `Double` takes besides, such as `0x10` and `inf`.
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        guard isPlain, let number = Double(text), range.contains(number) else {
            let kept = last.map { "; \($0) stays" } ?? ""
            problems.append(
                "label \(label): found \"\(text)\", allowed is a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))\(kept)"
            )
            return last
        }
        return number
    }
}
