internal import Glibc
internal import HTTPServing
internal import Synchronization

/// How many requests were answered by the handler of each route, and how many by none, by status.
///
/// By none: no such path, a wrong method, a body that is too long or not taken, too much under construction.
final class RequestTotals: Sendable {
    /// What stands for the route of requests that no handler answered.
    static let noRoute = "none"

    private let routes = Mutex<[String: Route]>([:])

    /// The counters of a route.
    func route(_ pattern: String) -> Route {
        routes.withLock { routes in
            let route = routes[pattern] ?? Route()
            routes[pattern] = route
            return route
        }
    }

    /// Writes the metric.
    func write(to text: inout Exposition) {
        text.describe("lookaside_http_requests_total", .counter, "Requests that were answered, by route (none: by no handler) and status.")
        for (pattern, route) in routes.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            let labels = Exposition.Labels("route", pattern)
            for (status, count) in route.counts where count > 0 {
                text.sample("lookaside_http_requests_total", labels.adding("status", status), count)
            }
        }
    }

    /// The counters of one route: each thread adds to a shard, so that no worker waits for another's cache line.
    final class Route: Sendable {
        private struct Shard: ~Copyable {
            let counts = InlineArray<16, Atomic<UInt64>> { _ in Atomic(0) }
        }

        private static let statuses = [200, 204, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503]

        private let shards = InlineArray<16, Shard> { _ in Shard() }

        /// Counts a reply by its status; one whose answer comes later when that is there.
        func counting(_ reply: HTTPReply) -> HTTPReply {
            switch reply {
            case .prepared(let response): count(response.status)
            case .response(let response): count(response.status)
            case .deferred(let priority, let build):
                return .deferred(priority) {
                    let response = build()
                    self.count(response.status)
                    return response
                }
            }
            return reply
        }

        /// Counts an answer.
        func count(_ status: Int) {
            // Threads' descriptors are multiples of a page apart: Fibonacci hashing spreads those.
            let shard = Int(truncatingIfNeeded: (UInt64(pthread_self()) &* 0x9E37_79B9_7F4A_7C15) >> 60)
            shards[shard].counts[Self.slot(of: status)].wrappingAdd(1, ordering: .relaxed)
        }

        private static func slot(of status: Int) -> Int {
            status == 200 ? 0 : statuses.firstIndex(of: status) ?? statuses.count
        }

        /// Requests by status so far.
        var counts: [(status: String, count: UInt64)] {
            (0...Self.statuses.count).map { slot in
                var sum: UInt64 = 0
                for shard in shards.indices { sum += shards[shard].counts[slot].load(ordering: .relaxed) }
                return (slot < Self.statuses.count ? "\(Self.statuses[slot])" : "other", sum)
            }
        }
    }
}
