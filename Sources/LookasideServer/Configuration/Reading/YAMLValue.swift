import Yams

/// A node as the core schema of YAML 1.2 sees it, but with only `true` and `false` as booleans and only decimal numbers.
///
/// Yams itself resolves by YAML 1.1, where `no` is a boolean and `1:30` is ninety.
struct YAMLValue {
    /// What the node is.
    enum Kind {
        case null
        case boolean(Bool)
        case integer(Int)
        /// A finite number that is no `Int`.
        case number(Double)
        /// Text with the environment filled in.
        case string(String)
        case list([Node])
        case mapping(Node.Mapping)
        /// A string that names a variable which is not there, or a node with a tag of its own; with the reason.
        case unreadable(String)
    }

    /// What the node is.
    let kind: Kind
    /// What the file says, for messages: the text before the environment is filled in.
    let found: String

    init(_ node: Node, environment: [String: String]) {
        switch node {
        case .scalar(let scalar):
            kind = Self.kind(of: scalar, environment: environment)
            switch kind {
            case .null: found = "nothing"
            case .boolean, .integer, .number: found = scalar.string
            default: found = scalar.string.quotedForMessage
            }
        case .sequence(let sequence):
            kind = Self.isStandard(sequence.tag) ? .list(Array(sequence)) : .unreadable(Self.refusal(of: sequence.tag))
            found = "a list"
        case .mapping(let mapping):
            kind = Self.isStandard(mapping.tag) ? .mapping(mapping) : .unreadable(Self.refusal(of: mapping.tag))
            found = "a mapping"
        case .alias:
            kind = .unreadable("an alias is not supported here")
            found = "an alias"
        }
    }

    private static func kind(of scalar: Node.Scalar, environment: [String: String]) -> Kind {
        guard isStandard(scalar.tag) else { return .unreadable(refusal(of: scalar.tag)) }
        let isText = scalar.style != .plain || scalar.tag.rawValue == Tag.Name.str.rawValue
        if !isText {
            switch scalar.string {
            case "", "~", "null", "Null", "NULL": return .null
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            default: break
            }
            if scalar.string.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) {
                if let integer = Int(scalar.string) {
                    return .integer(integer)
                }
                if let number = Double(scalar.string), number.isFinite {
                    return .number(number)
                }
            }
        }
        do {
            return .string(try EnvironmentText.expand(scalar.string, environment: environment))
        } catch {
            return .unreadable(error.reason)
        }
    }

    private static func isStandard(_ tag: Tag) -> Bool {
        let names: [Tag.Name] = [.implicit, .nonSpecific, .str, .seq, .map]
        return names.contains { $0.rawValue == tag.rawValue }
    }

    private static func refusal(of tag: Tag) -> String {
        "the tag \(tag.rawValue.quotedForMessage) is not supported, write the value alone"
    }
}

extension String {
    /// The string in quotes on one line, cut after 60 characters.
    var quotedForMessage: String {
        count > 60 ? "\(prefix(60).debugDescription)…" : debugDescription
    }
}
