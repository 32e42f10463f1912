internal import HTTPServing

/// The query parameters of one request, read strictly: an unknown, repeated or malformed one is an error, so that a typo
/// never silently changes an answer.
struct Parameters {
    private let values: [String: String]

    /// Reads the parameters of a request that takes those in `allowed`.
    init(of request: borrowing HTTPRequest, allowed: [String]) throws(APIError) {
        guard request.queryParameterCount > 0 else {
            values = [:]
            return
        }
        guard let parameters = request.queryParameters() else {
            throw .invalidParameter("the query holds a bad percent-encoding")
        }
        var values: [String: String] = [:]
        for parameter in parameters {
            guard allowed.contains(parameter.name) else {
                let hint = allowed.isEmpty ? "this path takes none" : "allowed are \(allowed.joined(separator: ", "))"
                throw .invalidParameter("\(parameter.name.prefix(64)): unknown parameter, \(hint)")
            }
            guard values[parameter.name] == nil else { throw .invalidParameter("\(parameter.name): given more than once") }
            guard let value = parameter.value else { throw .invalidParameter("\(parameter.name): has no value") }
            values[parameter.name] = value
        }
        self.values = values
    }

    /// The text of a parameter.
    subscript(name: String) -> String? { values[name] }

    /// A whole number within a range.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let text = values[name] else { return nil }
        // `Int` also reads a sign and leading zeros, which no client means.
        guard let value = Int(text), "\(value)" == text, range.contains(value) else {
            throw .invalidParameter("\(name): found \"\(text.prefix(64))\", allowed is \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// One of a few words.
    func word<Value>(_ name: String, _ words: KeyValuePairs<String, Value>) throws(APIError) -> Value? {
        guard let text = values[name] else { return nil }
        guard let value = words.first(where: { $0.key == text })?.value else {
            throw .invalidParameter("\(name): found \"\(text.prefix(64))\", allowed is \(words.map(\.key).joined(separator: " or "))")
        }
        return value
    }
}
