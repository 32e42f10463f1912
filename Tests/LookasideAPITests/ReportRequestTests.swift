import Foundation
import HTTPServing
import TestSupport
import Testing

@testable import LookasideAPI

/// Reports to a running server, one test at a time: one measures the memory of the process.
@Suite(.serialized) struct ReportRequestTests {
    private static let good = ReportFixture.good
    private static let json = "Content-Type: application/json\r\n"
    private static let lines = "Content-Type: application/x-ndjson\r\n"

    private struct Answer: Decodable {
        struct Item: Decodable {
            let index: Int
            let code: String
        }
        struct Failure: Decodable {
            let code: String
        }
        let accepted: Int?
        let rejected: Int?
        let errors: [Item]?
        let error: Failure?
    }

    private static func answer(_ response: RawHTTPClient.Response) throws -> Answer {
        #expect(response.header("Cache-Control") == "no-store")
        return try JSONDecoder().decode(Answer.self, from: Data(response.body))
    }

    @Test(arguments: [
        (json, good, 200, 1, 0), ("", good, 200, 1, 0), ("Content-Type: Application/JSON; charset=utf-8\r\n", "[\(good),{},\(good)]", 200, 2, 1),
        (json, "[]", 200, 0, 0), (json, "{}", 422, 0, 1), (json, "[{},1]", 422, 0, 2), (lines, good, 200, 1, 0), (lines, "", 200, 0, 0),
        (lines, "\n\n", 200, 0, 0), (lines, "\(good)\n[\n\(good)\n", 200, 2, 1), (lines, "x", 422, 0, 1),
        ("Content-Type: application/x-ndjson ; charset=utf-8\r\n", "\(good)\n", 200, 1, 0),
    ])
    func `a report is counted and answered`(headers: String, body: String, status: Int, accepted: Int, rejected: Int) async throws {
        let fixture = try ReportFixture()
        let (server, counters) = try fixture.start()
        let response = try await onThread { try RawHTTPClient(port: server.port).request("POST", "/report", headers: headers, body: body) }
        let answer = try Self.answer(response)
        #expect(response.status == status)
        #expect(answer.accepted == accepted)
        #expect(answer.rejected == rejected)
        #expect(answer.errors?.count == rejected)
        #expect(answer.error?.code == (status == 422 ? "all_rejected" : nil))
        #expect(fixture.requests("web") == UInt64(accepted))
        #expect(counters.accepted == UInt64(accepted))
        #expect(counters.reports == 1)
    }

    @Test func `a body of many odd items is judged as any other`() async throws {
        let fixture = try ReportFixture()
        let (server, counters) = try fixture.start()
        let body = "[\(Array(repeating: #"{"peer":1}"#, count: 200).joined(separator: ",")),\(Self.good)]"
        let response = try await onThread { try RawHTTPClient(port: server.port).request("POST", "/report", headers: Self.json, body: body) }
        let answer = try Self.answer(response)
        #expect(response.status == 200 && answer.accepted == 1 && answer.rejected == 200)
        #expect(counters.reports == 1 && fixture.requests("web") == 1)
    }

    @Test(arguments: [
        (json, "", 400, "invalid_body"), (json, "[\(good)", 400, "invalid_body"), (json, "\(good)\n\(good)", 400, "invalid_body"),
        ("Content-Type: text/plain\r\n", good, 415, "unsupported_media_type"),
        ("Content-Type: text/plain\r\n", good, 415, "unsupported_media_type"),
        ("Content-Type: application/jsonx\r\n", good, 415, "unsupported_media_type"),
        ("Content-Encoding: gzip\r\n", good, 415, "unsupported_media_type"),
        ("\(lines)Content-Encoding: gzip\r\n", good, 415, "unsupported_media_type"),
        (json, "[\(good)\(String(repeating: " ", count: 10_000))]", 413, "body_too_large"),
    ])
    func `a report that cannot be read counts nothing`(headers: String, body: String, status: Int, code: String) async throws {
        let fixture = try ReportFixture()
        let (server, counters) = try fixture.start { $0.bodyLimit = 10_000 }
        let response = try await onThread { try RawHTTPClient(port: server.port).request("POST", "/report", headers: headers, body: body) }
        #expect(response.status == status)
        #expect(try Self.answer(response).error?.code == code)
        #expect(fixture.requests("web") == 0)
        #expect(counters.reports == 0)
        // Too long a body reaches nobody who counts reports.
        #expect(counters.lastError.hasPrefix(status == 413 ? "" : "\(code): "))
    }

    @Test func `requests are counted, whoever answers them`() async throws {
        let fixture = try ReportFixture()
        let (server, _) = try fixture.start { $0.bodyLimit = 1_024 }
        let metrics = try await onThread {
            let client = try RawHTTPClient(port: server.port)
            for body in [Self.good, Self.good, "x"] { _ = try client.request("POST", "/report", headers: Self.lines, body: body) }
            _ = try client.request("POST", "/report", headers: Self.json, body: Self.good)
            for target in ["/nothing", "/report"] { _ = try client.request("GET", target) }
            let long = String(repeating: " ", count: 2_000)
            _ = try RawHTTPClient(port: server.port).request("POST", "/report", headers: Self.json, body: long)
            return try client.request("GET", "/metrics").text
        }
        let counted = metrics.split(separator: "\n").filter { $0.hasPrefix("lookaside_http_requests_total") }.map { $0.dropFirst(29) }
        #expect(
            Set(counted) == [
                #"{route="/report",status="200"} 3"#, #"{route="/report",status="422"} 1"#, #"{route="none",status="404"} 1"#,
                #"{route="none",status="405"} 1"#, #"{route="none",status="413"} 1"#,
            ]
        )
    }

    @Test func `a message stays short, whatever an item holds`() async throws {
        let fixture = try ReportFixture()
        let (server, counters) = try fixture.start()
        let colons = String(repeating: ":", count: 60_000)
        let combining = "e" + String(repeating: "\u{301}", count: 20_000)
        for field in [#""peer":"\#(colons)80""#, #""peer":"\#(combining):80""#, #""peer":"10.0.0.1:80","error":"\#(combining)""#] {
            let body = #"{"service":"web",\#(field)}"#
            let response = try await onThread { try RawHTTPClient(port: server.port).request("POST", "/report", headers: Self.json, body: body) }
            #expect(response.status == 422 && response.body.count < 1_000)
            #expect(counters.lastError.utf8.count < 500)
        }
    }

    @Test func `parameters are refused before anything is counted, and other methods too`() async throws {
        let fixture = try ReportFixture()
        let (server, _) = try fixture.start()
        try await onThread {
            let client = try RawHTTPClient(port: server.port)
            for headers in [Self.json, Self.lines] {
                let response = try client.request("POST", "/report?dry_run=1", headers: headers, body: Self.good)
                #expect(response.status == 400)
                #expect(try Self.answer(response).error?.code == "invalid_parameter")
            }
            let response = try client.request("GET", "/report")
            #expect(response.status == 405)
            #expect(response.header("Allow") == "POST")
        }
        #expect(fixture.requests("web") == 0)
    }

    @Test func `a large array is judged off the worker, item by item`() async throws {
        let fixture = try ReportFixture()
        let (server, _) = try fixture.start()
        let items = (0..<5_000).map { $0 % 10 == 3 ? "{}" : Self.good }
        let body = "[\(items.joined(separator: ","))]"
        let answer = try await onThread {
            try Self.answer(RawHTTPClient(port: server.port).request("POST", "/report", headers: Self.json, body: body))
        }
        #expect(answer.accepted == 4_500)
        #expect(answer.rejected == 500)
        #expect(answer.errors?.map(\.index) == (0..<20).map { $0 * 10 + 3 })
        #expect(fixture.requests("web") == 4_500)
    }

    @Test(arguments: [true, false])
    func `a hundred megabytes of lines in one request take no memory`(isChunked: Bool) async throws {
        let fixture = try ReportFixture()
        let (server, counters) = try fixture.start()
        // Mostly lines so long that the test is about bytes.
        let filler = String(repeating: "f", count: 8_000)
        let line = #"{"service":"web","peer":"10.0.0.1:80","status":200,"note":"\#(filler)"}"#
        let block = Array((String(repeating: line + "\n", count: 127) + String(repeating: "bad\n", count: 100)).utf8)
        let blocks = 100_000_000 / block.count + 1
        let (answer, growth) = try await onThread {
            let client = try RawHTTPClient(port: server.port)
            let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(blocks * block.count)"
            try client.send("POST /report HTTP/1.1\r\nHost: test\r\n\(Self.lines)\(framing)\r\n\r\n")
            var before = 0
            for number in 0..<blocks {
                if number == 2 { before = Self.residentKilobytes() }
                if isChunked { try client.send("\(String(block.count, radix: 16))\r\n") }
                try client.send(block)
                if isChunked { try client.send("\r\n") }
            }
            if isChunked { try client.send("0\r\n\r\n") }
            let response = try client.readResponse()
            #expect(response.status == 200)
            return (try Self.answer(response), Self.residentKilobytes() - before)
        }
        #expect(answer.accepted == 127 * blocks)
        #expect(answer.rejected == 100 * blocks)
        #expect(fixture.requests("web") == UInt64(127 * blocks))
        #expect(counters.accepted == UInt64(127 * blocks))
        #expect(growth < 20_000, "resident memory grew by \(growth) KiB")
    }

    @Test func `what was read before the connection broke is counted, once`() async throws {
        let fixture = try ReportFixture()
        // libmicrohttpd may miss the end of the input when it comes together with the last bytes: then the timeout closes the connection.
        let (server, counters) = try fixture.start { $0.idleTimeout = .seconds(3) }
        try await onThread {
            let client = try RawHTTPClient(port: server.port)
            let body = String(repeating: Self.good + "\n", count: 1_000)
            try client.send("POST /report HTTP/1.1\r\nHost: test\r\n\(Self.lines)Content-Length: 1000000\r\n\r\n\(body){\"service\":\"web\"")
            client.close()
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while counters.reports == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        // Its threads have ended then, and with them the counting.
        await server.stop(drainingFor: .seconds(60))
        #expect(counters.reports == 1)
        #expect(counters.accepted == 1_000)
        #expect(counters.rejected.allSatisfy { $0.count == 0 })
        #expect(fixture.requests("web") == 1_000)
    }

    private static func residentKilobytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.split(whereSeparator: { !$0.isNumber }).first ?? "") } ?? 0
    }
}
