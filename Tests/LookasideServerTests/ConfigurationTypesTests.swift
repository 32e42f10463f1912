import Testing

@testable import LookasideServer

/// How single values are read: numbers, strings, durations, addresses, the environment.
struct ConfigurationTypesTests {
    @Test(arguments: [
        ("5", Duration.seconds(5)), ("0.05", .milliseconds(50)), ("86400", .seconds(86400)), ("+5", .seconds(5)), ("1e1", .seconds(10)),
        ("2.", .seconds(2)),
        ("50ms", .milliseconds(50)), ("250ms", .milliseconds(250)), ("5s", .seconds(5)), ("\"5s\"", .seconds(5)), ("1m", .seconds(60)),
        ("2h", .seconds(7200)), ("24h", .seconds(86400)), ("1.5m", .seconds(90)), ("0.5h", .seconds(1800)), ("0.1s", .milliseconds(100)),
        ("86400000ms", .seconds(86400)), ("0.0001h", .milliseconds(360)), ("1.000001", .microseconds(1_000_001)),
    ])
    func `a duration is seconds or a number with a unit`(text: String, duration: Duration) throws {
        #expect(try Configuration.valid("shutdown_timeout: \(text)").shutdownTimeout == duration)
    }

    @Test(arguments: [
        "abc", "\"5\"", "5 s", "5S", "5d", "s", "ms", ".5s", "-5s", "1e1s", "1..5s", "1h30m", "0x10", "1_000", "true", ".inf", ".nan", "1:30", "${N}",
    ])
    func `what is no duration is refused`(text: String) {
        let found = text == "true" ? text : text == "\"5\"" ? text : "\"\(text)\""
        let expected = "lookaside.yaml:1:1: shutdown_timeout: found \(found), expected a duration: seconds or 250ms, 5s, 1m, 2h"
        #expect(Configuration.errors("shutdown_timeout: \(text)", environment: ["N": "5"]) == [expected])
    }

    @Test(arguments: ["0", "0.049", "49ms", "-1", "86400.1", "86401", "25h", "1e300", "99999999999999999999", "-0.0"])
    func `a duration out of range is refused`(text: String) {
        let found = text.hasSuffix("s") || text.hasSuffix("h") ? "\"\(text)\"" : text
        let expected = "lookaside.yaml:1:1: lease.valid: found \(found), expected a duration from 0.05 to 86400 seconds"
        #expect(Configuration.errors("lease: {valid: \(text)}").map { $0.replacing(":1:9:", with: ":1:1:") } == [expected])
    }

    @Test(arguments: ["ready_timeout", "stale_after"]) func `zero is allowed where it means off`(key: String) {
        #expect(Configuration.errors("\(key): 0") == [])
        #expect(Configuration.errors("\(key): 0s") == [])
        #expect(
            Configuration.errors("\(key): 0.01") == ["lookaside.yaml:1:1: \(key): found 0.01, expected a duration from 0.05 to 86400 seconds, or 0"]
        )
    }

    @Test(arguments: ["5.5", "0", "61", "\"10\"", "1500ms", "2m"]) func `a window is whole seconds`(text: String) throws {
        #expect(Configuration.errors("log_check: {window: \(text)}").count == 1)
        #expect(try Configuration.valid("log_check: {window: 1m}").defaults.logCheck.window == .seconds(60))
    }

    @Test(arguments: ["yes", "on", "True", "TRUE", "1", "\"true\"", "~", "[true]"]) func `only true and false are booleans`(text: String) {
        let errors = Configuration.errors("metrics:\n  per_peer: \(text)")
        #expect(errors.count == 1)
        #expect(errors.first?.hasPrefix("lookaside.yaml:2:3: metrics.per_peer: found ") == true)
        #expect(errors.first?.hasSuffix(", expected true or false") == true)
    }

    @Test(arguments: [("\"4\"", "\"4\""), ("4.0", "4.0"), ("-1", "-1"), ("1025", "1025"), ("four", "\"four\""), ("", "nothing"), ("0x4", "\"0x4\"")])
    func `a whole number is written in plain digits`(text: String, found: String) {
        #expect(Configuration.errors("workers: \(text)") == ["lookaside.yaml:1:1: workers: found \(found), expected a whole number from 0 to 1024"])
    }

    @Test(arguments: ["0", "1", "0.5", "5e-1", ".5"]) func `a ratio is from 0 to 1`(text: String) {
        #expect(Configuration.errors("panic_threshold: \(text)") == [])
    }

    @Test(arguments: ["1.01", "-0.1", "\"0.5\"", "50%", ".inf", ".nan"]) func `a number that is no ratio is refused`(text: String) {
        let errors = Configuration.errors("panic_threshold: \(text)")
        #expect(errors.count == 1)
        #expect(errors.first?.hasSuffix(", expected a number from 0 to 1") == true)
    }

    @Test(arguments: ["5", "true", "1.5"]) func `a number or a boolean is no string`(text: String) {
        #expect(Configuration.errors("state_file: \(text)") == ["lookaside.yaml:1:1: state_file: found \(text), expected a string (in quotes)"])
        #expect(Configuration.errors("state_file: \"\(text)\"") == [])
        #expect(Configuration.errors("state_file: !!str \(text)") == [])
    }

    @Test func `a tag other than a string's is refused`() {
        #expect(
            Configuration.errors("workers: !!int \"4\"")
                == ["lookaside.yaml:1:1: workers: the tag \"tag:yaml.org,2002:int\" is not supported, write the value alone"]
        )
        #expect(Configuration.errors("log: !mine {level: info}").count == 1)
    }

    @Test(arguments: ["combine", "health_check", "services", "sources", "state_file", "listen", "workers", "log"])
    func `a key without a value is an error`(key: String) {
        #expect(Configuration.errors("\(key):").count == 1)
        #expect(Configuration.errors("\(key): null").first?.hasPrefix("lookaside.yaml:1:1: \(key): found nothing, expected ") == true)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), ("0.0.0.0:0", "0.0.0.0", 0), ("\"[::]:8080\"", "::", 8080),
        ("\"[2001:db8::1]:65535\"", "2001:db8::1", 65535),
    ])
    func `an address and a port are listened on`(text: String, host: String, port: UInt16) throws {
        let listen = try Configuration.valid("listen: \(text)").listen
        #expect(listen == .init(host: host, port: port))
        #expect(Configuration.Listen(listen.description) == listen)
    }

    @Test(arguments: [
        ":8080", "8080", "127.0.0.1", "\"127.0.0.1:\"", "localhost:8080", "::1:8080", "\"[127.0.0.1]:80\"", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:+80",
        "127.0.0.1:080000", "256.0.0.1:80", "\"[::1]\"", "\"[fe80::1%eth0]:80\"", "127.1:80", "\"\"", "\"127.0.0.1\\0:80\"",
    ])
    func `anything else to listen on is refused with a hint`(text: String) {
        let errors = Configuration.errors("listen: \(text)")
        #expect(errors.count == 1)
        #expect(errors.first?.hasSuffix("expected \(Configuration.Listen.expected)") == true)
    }

    @Test func `variables of the environment are filled into strings`() throws {
        let environment = ["HOST": "127.0.0.1", "PORT": "9000", "EMPTY": "", "SIGIL": "${HOST}", "TIME": "5s", "_a1": "x"]
        func read(_ text: String) throws -> String? {
            try Configuration.valid("state_file: \(text)", environment: environment).stateFile
        }
        #expect(try Configuration.valid("listen: ${HOST}:${PORT}", environment: environment).listen == .init(host: "127.0.0.1", port: 9000))
        #expect(try Configuration.valid("shutdown_timeout: ${TIME}", environment: environment).shutdownTimeout == .seconds(5))
        #expect(try read("/a/${_a1}/b") == "/a/x/b")
        #expect(try read("a${EMPTY}b") == "ab")
        #expect(try read("\"/$${HOST}\"") == "/${HOST}")
        #expect(try read("/$$${HOST}$") == "/$${HOST}$")
        #expect(try read("/a$b") == "/a$b")
        #expect(try read("/${SIGIL}") == "/${HOST}")
    }

    @Test func `a variable that is not set is an error that names it`() {
        #expect(Configuration.errors("state_file: /a/${NOPE}") == ["lookaside.yaml:1:1: state_file: the environment variable NOPE is not set"])
        #expect(Configuration.errors("state_file: ${A}${B}${C}", environment: ["B": "b"]).first?.hasSuffix("not set: A, C") == true)
    }

    @Test(arguments: ["${", "a${b", "${}", "${1A}", "${A-B}", "${ A }"]) func `what only looks like a variable is an error`(text: String) {
        let errors = Configuration.errors("state_file: \"\(text)\"", environment: ["A": "a"])
        #expect(errors.count == 1)
        #expect(errors.first?.hasSuffix("(a literal ${ is written $${)") == true)
    }

    @Test func `an error shows the text of the file and not the environment`() {
        let errors = Configuration.errors("combine: ${SECRET}", environment: ["SECRET": "hunter2"])
        #expect(errors == ["lookaside.yaml:1:1: combine: found \"${SECRET}\", expected merge or first"])
        let endpoints = Configuration.errors("sources:\n- etcd:\n    endpoints: [http://root:hunter2@etcd:2379]")
        #expect(endpoints.count == 1)
        #expect(!endpoints.joined().contains("hunter2"))
    }
}
