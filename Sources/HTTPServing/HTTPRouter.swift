/// Finds the route of a request by its path and method.
///
/// It reads the target as it was sent: the path is split at `/` *before* anything is decoded, so that `a%2Fb` is one segment. Matching neither allocates
/// nor decodes, except to compare a segment that contains an escape with a literal. Routes are tried in their order: the busiest belongs first.
package struct HTTPRouter: Sendable, ~Copyable {
    /// The largest number of segments in a pattern.
    package static let maximumSegments = 8
    /// The largest number of captured segments in a pattern.
    package static let maximumCaptures = 4

    /// Where the captured segments are in the target, in the order of the pattern.
    package typealias Captures = InlineArray<4, Segment>
    /// The segments of a target.
    private typealias Split = InlineArray<8, Segment>

    /// A part of the target between two slashes.
    package struct Segment: Sendable {
        private var start: UInt32 = 0
        private var end: UInt32 = 0

        /// Its indices in the target; empty if it was not captured.
        package var range: Range<Int> {
            Int(start)..<Int(end)
        }

        fileprivate init() {}

        fileprivate init(_ range: Range<Int>) {
            start = UInt32(range.lowerBound)
            end = UInt32(range.upperBound)
        }
    }

    /// What a target and method lead to.
    package enum Match {
        /// The route with this index in the list that the router was made of.
        case route(index: Int, captures: Captures)
        /// The path is known, but not with this method; `HEAD` is allowed where `GET` is.
        case methodNotAllowed(allowed: [HTTPMethod])
        /// No route has this path.
        case notFound
    }

    /// A pattern segment: a part of `literals`, or a capture.
    private struct PatternSegment {
        var start: Int
        var count: Int
        var isCapture: Bool
    }

    /// All the routes of one pattern.
    private struct Path {
        let pattern: String
        var firstSegment: Int
        var segmentCount: Int
        /// By method, the index of its route, or -1.
        var routes: InlineArray<5, Int>
    }

    private let paths: [Path]
    private let segments: [PatternSegment]
    private let literals: [UInt8]

    /// Makes a router of routes, given by method and pattern. Traps on a pattern that breaks the rules of ``HTTPRoute``: routes are part of the program.
    package init(_ routes: [(method: HTTPMethod, pattern: String)]) {
        var paths: [Path] = []
        var segments: [PatternSegment] = []
        var literals: [UInt8] = []
        for (index, route) in routes.enumerated() {
            precondition(route.method != .other, "a route needs a method")
            let method = Int(route.method.rawValue)
            if let known = paths.firstIndex(where: { $0.pattern == route.pattern }) {
                precondition(paths[known].routes[method] < 0, "\(route.method.name) \(route.pattern) is there twice")
                paths[known].routes[method] = index
                continue
            }
            let parts = Self.parse(route.pattern)
            var path = Path(pattern: route.pattern, firstSegment: segments.count, segmentCount: parts.count, routes: InlineArray(repeating: -1))
            path.routes[method] = index
            paths.append(path)
            for part in parts {
                let isCapture = part.hasPrefix("{")
                segments.append(PatternSegment(start: literals.count, count: isCapture ? 0 : part.utf8.count, isCapture: isCapture))
                if !isCapture {
                    literals.append(contentsOf: part.utf8)
                }
            }
        }
        let get = Int(HTTPMethod.get.rawValue)
        let head = Int(HTTPMethod.head.rawValue)
        for index in paths.indices where paths[index].routes[head] < 0 {
            paths[index].routes[head] = paths[index].routes[get]
        }
        self.paths = paths
        self.segments = segments
        self.literals = literals
    }

    private static func parse(_ pattern: String) -> [Substring] {
        precondition(pattern.hasPrefix("/"), "\(pattern) does not begin with a slash")
        let parts = pattern == "/" ? [] : pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        precondition(parts.allSatisfy { !$0.isEmpty && $0.hasPrefix("{") == $0.hasSuffix("}") }, "\(pattern) has a malformed segment")
        precondition(!pattern.utf8.contains(PercentEncoding.escape), "\(pattern) is encoded")
        precondition(parts.count <= maximumSegments, "\(pattern) has too many segments")
        precondition(parts.count { $0.hasPrefix("{") } <= maximumCaptures, "\(pattern) captures too many segments")
        return parts
    }

    /// Finds the route for a request target without its query.
    package borrowing func match(_ method: HTTPMethod, _ target: UnsafeRawBufferPointer) -> Match {
        guard let pathStart = Self.pathStart(in: target) else {
            return .notFound
        }
        var split = Split(repeating: Segment())
        guard let count = Self.split(target, from: pathStart, into: &split) else {
            return .notFound
        }
        let row = method == .other ? nil : Int(method.rawValue)
        var isKnown = false
        for index in paths.indices where paths[index].segmentCount == count {
            var captures = Captures(repeating: Segment())
            guard matches(firstSegment: paths[index].firstSegment, target, split, count, &captures) else {
                continue
            }
            if let row, paths[index].routes[row] >= 0 {
                return .route(index: paths[index].routes[row], captures: captures)
            }
            isKnown = true
        }
        return isKnown ? .methodNotAllowed(allowed: allowedMethods(target, split, count)) : .notFound
    }

    private borrowing func matches(
        firstSegment: Int,
        _ target: UnsafeRawBufferPointer,
        _ split: borrowing Split,
        _ count: Int,
        _ captures: inout Captures
    ) -> Bool {
        var captured = 0
        for position in 0..<count {
            let expected = segments[firstSegment + position]
            let actual = split[position]
            if expected.isCapture {
                captures[captured] = actual
                captured += 1
                continue
            }
            let text = UnsafeRawBufferPointer(rebasing: target[actual.range])
            guard isLiteral(expected, text) else {
                return false
            }
        }
        return true
    }

    private borrowing func isLiteral(_ expected: PatternSegment, _ text: UnsafeRawBufferPointer) -> Bool {
        literals.withUnsafeBytes { literals in
            let literal = UnsafeRawBufferPointer(rebasing: literals[expected.start..<expected.start + expected.count])
            if literal.count == text.count, literal.elementsEqual(text) {
                return true
            }
            return text.contains(PercentEncoding.escape) && PercentEncoding.matches(text, literal: literal)
        }
    }

    /// The methods of every pattern that matches.
    private borrowing func allowedMethods(
        _ target: UnsafeRawBufferPointer,
        _ split: borrowing Split,
        _ count: Int
    ) -> [HTTPMethod] {
        var allowed: [HTTPMethod] = []
        var captures = Captures(repeating: Segment())
        for method in HTTPMethod.allCases where method != .other {
            for index in paths.indices where paths[index].segmentCount == count && paths[index].routes[Int(method.rawValue)] >= 0 {
                if matches(firstSegment: paths[index].firstSegment, target, split, count, &captures) {
                    allowed.append(method)
                    break
                }
            }
        }
        return allowed
    }

    /// The index of the slash that the path begins with; the end of the target when an absolute form has no path, which means `/`; nil when the target
    /// has neither origin form nor absolute form (RFC 9112, 3.2).
    private static func pathStart(in target: UnsafeRawBufferPointer) -> Int? {
        if target.first == slash {
            return 0
        }
        let authority: Int
        if hasPrefix("http://", target) {
            authority = 7
        } else if hasPrefix("https://", target) {
            authority = 8
        } else {
            return nil
        }
        let pathStart = target[authority...].firstIndex(of: slash) ?? target.count
        return pathStart > authority ? pathStart : nil
    }

    /// Whether the target begins with the scheme, whose letters are lowercase here and in either case there.
    private static func hasPrefix(_ scheme: StaticString, _ target: UnsafeRawBufferPointer) -> Bool {
        let expected = UnsafeBufferPointer(start: scheme.utf8Start, count: scheme.utf8CodeUnitCount)
        let caseBit: UInt8 = 0x20
        return target.count >= expected.count && zip(target, expected).allSatisfy { $0 == $1 || ($0 | caseBit == $1 && $0 >= UInt8(ascii: "A")) }
    }

    /// Splits the path, which begins with a slash; nil when a segment is empty or there are more than any pattern has.
    private static func split(_ target: UnsafeRawBufferPointer, from pathStart: Int, into segments: inout Split) -> Int? {
        var count = 0
        var start = pathStart + 1
        guard start < target.count else {
            return 0
        }
        for index in start...target.count where index == target.count || target[index] == slash {
            guard index > start, count < maximumSegments else {
                return nil
            }
            segments[count] = Segment(start..<index)
            count += 1
            start = index + 1
        }
        return count
    }

    private static let slash = UInt8(ascii: "/")
}
