/// Fills variables of the environment into text: `${NAME}` becomes the variable's value, `$${` a literal `${`.
///
/// Any other `$` stays. Values are taken as they are: a `${` in one is not looked at again. A variable that is set but empty is filled in as empty.
enum EnvironmentText {
    /// The text cannot be filled in.
    struct Failure: Error {
        /// Every variable that is not set, or what is wrong with the text.
        let reason: String
    }

    static func expand(_ text: String, environment: [String: String]) throws(Failure) -> String {
        var result = ""
        var unset: [String] = []
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Failure(reason: "${ has no closing }, expected ${NAME} (a literal ${ is written $${)")
                }
                let name = String(rest[..<end].dropFirst(2))
                guard isName(name) else {
                    throw Failure(reason: "found ${\(name)}, expected the name of an environment variable (a literal ${ is written $${)")
                }
                if let value = environment[name] {
                    result += value
                } else {
                    unset.append(name)
                }
                rest = rest[end...].dropFirst()
            } else {
                result.append("$")
                rest = rest.dropFirst()
            }
        }
        guard unset.isEmpty else {
            let names = unset.joined(separator: ", ")
            throw Failure(reason: unset.count == 1 ? "the environment variable \(names) is not set" : "environment variables not set: \(names)")
        }
        return result + rest
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": return true
            default: return false
            }
        }
    }
}
