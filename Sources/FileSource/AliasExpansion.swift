internal import CYaml

/// How large a YAML text becomes when its aliases are replaced by what they stand for: measured before that is done, because aliases of
/// aliases grow without bound (nine to the seventh nodes from 400 bytes).
enum AliasExpansion {
    /// The largest size that is allowed, as a multiple of the text's: enough for a peer that is one alias of many fields.
    private static let allowedGrowth = 32
    /// What is allowed on top of it, so that small files may do as they like.
    private static let allowance = 64 << 10

    /// The place of the first alias at which a text, in bytes, has grown too large; `nil` when it never does.
    ///
    /// A node counts as the bytes of its scalar and one more. What is wrong with a text otherwise is left to the parser.
    static func firstExcess(in text: [UInt8]) -> (line: Int, column: Int)? {
        guard text.contains(UInt8(ascii: "*")) else { return nil }
        let limit = text.count * allowedGrowth + allowance
        // libyaml keeps pointers into the parser itself: it must not move.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { return nil }
        defer { yaml_parser_delete(parser) }
        return text.withUnsafeBufferPointer { bytes in
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
            return firstExcess(over: limit, parser)
        }
    }

    private static func firstExcess(over limit: Int, _ parser: UnsafeMutablePointer<yaml_parser_t>) -> (line: Int, column: Int)? {
        var sizes: [String: Int] = [:]
        var open: [(anchor: String?, start: Int)] = []
        var size = 0
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { return nil }
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_ALIAS_EVENT:
                size += name(event.data.alias.anchor).flatMap { sizes[$0] } ?? 0
                if size > limit { return (event.start_mark.line + 1, event.start_mark.column + 1) }
            case YAML_SCALAR_EVENT:
                size += 1 + event.data.scalar.length
                if let anchor = name(event.data.scalar.anchor) { sizes[anchor] = 1 + event.data.scalar.length }
            case YAML_SEQUENCE_START_EVENT:
                open.append((name(event.data.sequence_start.anchor), size))
            case YAML_MAPPING_START_EVENT:
                open.append((name(event.data.mapping_start.anchor), size))
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
                size += 1
                if let (anchor, start) = open.popLast(), let anchor { sizes[anchor] = size - start }
            case YAML_STREAM_END_EVENT:
                return nil
            default:
                break
            }
        }
    }

    private static func name(_ anchor: UnsafeMutablePointer<UInt8>?) -> String? {
        anchor.map { String(cString: $0) }
    }
}
