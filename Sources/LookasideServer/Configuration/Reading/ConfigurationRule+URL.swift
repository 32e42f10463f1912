internal import Balancing
internal import FoundationEssentials

extension ConfigurationRule where Value == String {
    /// A server's `http` or `https` URL, without the slashes at its end.
    static var serverURL: Self {
        Self { value throws(Mismatch) in
            let expected = "an http or https URL with a host"
            let text = try ConfigurationRule<String>.text.read(value)
            // What stands before an @ may be a password, so the text is not shown.
            guard !text.contains("@") else { throw Mismatch(expected: "\(expected), without one", found: "a URL with a user name") }
            guard let url = httpURL(text), url.query() == nil, url.fragment() == nil else { throw Mismatch(expected: expected) }
            return String(text.reversed().drop { $0 == "/" }.reversed())
        }
    }

    /// What an active check asks of a peer; nothing at all (null) is empty: the peer is not checked.
    static var checkURL: Self {
        Self { value throws(Mismatch) in
            if case .null = value.kind {
                return ""
            }
            guard case .string(let text) = value.kind else { throw Mismatch(expected: CheckURL.rule) }
            // What stands before an @ may be a password, here too.
            guard CheckURL.isValid(text) else {
                throw Mismatch(expected: CheckURL.rule, found: text.contains("@") ? "something with a user name" : nil)
            }
            return text
        }
    }

    private static func httpURL(_ text: String) -> URL? {
        guard
            let url = URL(string: text, encodingInvalidCharacters: false),
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url.host(), !host.isEmpty,
            (1...65535).contains(url.port ?? 80)
        else { return nil }
        return url
    }
}
