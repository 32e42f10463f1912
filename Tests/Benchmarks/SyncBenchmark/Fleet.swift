import Foundation
import HTTPTransport

/// Services with peers in a real etcd, each with the same number of them.
struct Fleet: Sendable {
    private static let prefix = "/v1/testing/services/"
    /// etcd's limit for a transaction.
    private static let transactionLimit = 128

    let services: Int
    let peers: Int
    private let etcdURL: String
    private let client: HTTPClient

    init(etcdPort: Int, services: Int, peers: Int) throws {
        self.services = services
        self.peers = peers
        etcdURL = "http://127.0.0.1:\(etcdPort)"
        client = try HTTPClient()
    }

    func service(_ number: Int) -> String { "service-\(number)" }

    /// The address of a peer: up to 65,536 a service.
    func peer(_ number: Int, of service: Int) -> String { "10.\(service & 255).\(number >> 8).\(number & 255):\(8000 + service >> 8)" }

    func key(_ peer: Int, of service: Int) -> String { "\(Self.prefix)\(self.service(service))/\(self.peer(peer, of: service))" }

    /// Puts every peer with a weight from 1 to 10.
    func fill() async throws {
        let tasks = 8
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var puts: [[String: [String: String]]] = []
                    for service in stride(from: task, to: services, by: tasks) {
                        for peer in 0..<peers {
                            puts.append(["request_put": put(key(peer, of: service), weight: (7 * service + peer) % 10 + 1)])
                            if puts.count == Self.transactionLimit {
                                try await post("/v3/kv/txn", ["success": puts])
                                puts = []
                            }
                        }
                    }
                    if !puts.isEmpty { try await post("/v3/kv/txn", ["success": puts]) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Sets the weight of a peer.
    func set(_ peer: Int, of service: Int, weight: Int) async throws {
        try await post("/v3/kv/put", put(key(peer, of: service), weight: weight))
    }

    /// Follows all changes without doing anything about them: calls `body` with each key and value as soon as it is here.
    func watch(_ body: @Sendable (_ key: String, _ value: String, ContinuousClock.Instant) -> Void) async throws {
        struct Message: Decodable {
            struct Result: Decodable {
                struct Event: Decodable {
                    struct KeyValue: Decodable {
                        let key: Data
                        let value: Data?
                    }

                    let kv: KeyValue
                }

                let events: [Event]?
            }

            let result: Result
        }
        let range = ["key": Self.base64(Self.prefix), "range_end": Self.base64(Self.prefix.dropLast() + "0")]
        let request = try request("/v3/watch", ["create_request": range])
        var line: [UInt8] = []
        for try await bytes in try await client.stream(request, idleTimeout: .seconds(60)).body {
            let now = ContinuousClock.now
            line += bytes
            while let end = line.firstIndex(of: UInt8(ascii: "\n")) {
                let message = try JSONDecoder().decode(Message.self, from: Data(line[..<end]))
                for event in message.result.events ?? [] {
                    body(String(decoding: event.kv.key, as: UTF8.self), String(decoding: event.kv.value ?? Data(), as: UTF8.self), now)
                }
                line.removeFirst(end + 1)
            }
        }
    }

    static func value(weight: Int) -> String { #"{"weight":\#(weight),"check_url":"","slow_start":0}"# }

    private func put(_ key: String, weight: Int) -> [String: String] {
        ["key": Self.base64(key), "value": Self.base64(Self.value(weight: weight))]
    }

    private static func base64(_ text: some StringProtocol) -> String { Data(text.utf8).base64EncodedString() }

    private func request(_ path: String, _ body: some Encodable) throws -> HTTPClient.Request {
        let headers = [(name: "Content-Type", value: "application/json")]
        return HTTPClient.Request(.post, url: etcdURL + path, headers: headers, body: [UInt8](try JSONEncoder().encode(body)))
    }

    private func post(_ path: String, _ body: some Encodable) async throws {
        let answer = try await client.send(try request(path, body), timeout: .seconds(60))
        guard answer.status == 200 else { throw BenchmarkError("\(path): \(String(decoding: answer.body, as: UTF8.self))") }
    }
}

/// What keeps a benchmark from measuring.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
