import Yams

/// How the value of one key is read, and what it may be.
struct ConfigurationRule<Value> {
    /// The value is not what the rule allows.
    struct Mismatch: Error {
        /// What is allowed: the message is "found …, expected " and this.
        let expected: String
        /// What to say was found in place of the text of the file, when that may hold a secret.
        var found: String?
    }

    /// Reads a value; it is never an unreadable one.
    let read: (YAMLValue) throws(Mismatch) -> Value
}

extension ConfigurationRule where Value == Bool {
    static var boolean: Self {
        Self { value throws(Mismatch) in
            guard case .boolean(let boolean) = value.kind else { throw Mismatch(expected: "true or false") }
            return boolean
        }
    }
}

extension ConfigurationRule where Value == Int {
    static func integer(in range: ClosedRange<Int>) -> Self {
        Self { value throws(Mismatch) in
            guard case .integer(let integer) = value.kind, range.contains(integer) else {
                throw Mismatch(expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return integer
        }
    }
}

extension ConfigurationRule where Value == Double {
    static func number(in range: ClosedRange<Int>) -> Self {
        Self { value throws(Mismatch) in
            guard let number = value.number, Double(range.lowerBound) <= number, number <= Double(range.upperBound) else {
                throw Mismatch(expected: "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    static var ratio: Self { number(in: 0...1) }
}

extension ConfigurationRule where Value == String {
    /// Text of any length.
    static var text: Self {
        Self { value throws(Mismatch) in
            switch value.kind {
            case .string(let string): return string
            case .boolean, .integer, .number: throw Mismatch(expected: "a string (in quotes)")
            default: throw Mismatch(expected: "a string")
            }
        }
    }

    /// Text that is not empty.
    static var name: Self { text.where("a string that is not empty") { !$0.isEmpty } }

    /// A path of a file, from the directory of the configuration file unless it is absolute.
    static func path(relativeTo directory: String) -> Self {
        let path = text.where("the path of a file") { !$0.isEmpty && !$0.contains("\0") }
        return Self { value throws(Mismatch) in
            let path = try path.read(value)
            return path.hasPrefix("/") ? path : directory + path
        }
    }
}

extension ConfigurationRule where Value == [Node] {
    static func list(expecting expected: String, allowsEmpty: Bool) -> Self {
        Self { value throws(Mismatch) in
            guard case .list(let nodes) = value.kind else { throw Mismatch(expected: expected) }
            guard allowsEmpty || !nodes.isEmpty else { throw Mismatch(expected: expected, found: "an empty list") }
            return nodes
        }
    }
}

extension ConfigurationRule where Value == Node.Mapping {
    static var mapping: Self {
        Self { value throws(Mismatch) in
            guard case .mapping(let mapping) = value.kind else { throw Mismatch(expected: "a mapping") }
            return mapping
        }
    }
}

extension ConfigurationRule where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One word of a list.
    static var choice: Self {
        Self { value throws(Mismatch) in
            let words = Value.allCases.map(\.rawValue)
            guard case .string(let word) = value.kind, let choice = Value(rawValue: word) else {
                var hint = ""
                if case .string(let word) = value.kind {
                    hint = Suggestion.hint(for: word, in: words)
                }
                throw Mismatch(expected: words.joinedAsAlternatives + hint)
            }
            return choice
        }
    }
}

extension ConfigurationRule {
    /// The same rule for fewer values.
    func `where`(_ expected: String, _ isAllowed: @escaping (Value) -> Bool) -> Self {
        Self { value throws(Mismatch) in
            let result = try read(value)
            guard isAllowed(result) else { throw Mismatch(expected: expected) }
            return result
        }
    }
}

extension YAMLValue {
    /// The value as a number, whole or not; nil for anything else.
    var number: Double? {
        switch kind {
        case .integer(let integer): return Double(integer)
        case .number(let number): return number
        default: return nil
        }
    }
}

extension [String] {
    /// The words as "a, b or c".
    var joinedAsAlternatives: String {
        guard let last, count > 1 else { return first ?? "" }
        return "\(dropLast().joined(separator: ", ")) or \(last)"
    }
}
