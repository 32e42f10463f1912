/// Writes paths of keys, such as `sources[0].etcd.prefix`.
enum ConfigurationPath {
    /// A key as a part of a path: in quotes when it would not read as one part.
    static func part(_ key: String) -> String {
        let isPlain = key.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", "*", "?": return true
            default: return false
            }
        }
        return isPlain && !key.isEmpty ? key : key.quotedForMessage
    }

    /// The path of a service's settings.
    static func service(_ pattern: String) -> String {
        "services.\(part(pattern))"
    }
}
