import Testing

@testable import LookasideServer

struct ConfigurationErrorTests {
    @Test(arguments: [
        ("health_check:\n  intervall: 5", "2:3: health_check.intervall: unknown key; did you mean interval?"),
        ("Listen: a", "1:1: Listen: unknown key; did you mean listen?"),
        ("log: {color: red}", "1:7: log.color: unknown key; allowed: level, format"),
        ("\"a.b\\n\": 1", "1:1: \"a.b\\n\": unknown key; allowed: listen, workers"),
        ("? [a]\n: b", "1:3: found a list or a mapping, expected the name of a key"),
        ("workers: 1\nlog:\n  level: info\n  level: debug", "4:3: log.level: duplicate key, given before in line 3"),
        ("log: {level: info, \"level\": debug}", "1:20: log.level: duplicate key, given before in line 1"),
        ("health_check:\n  interval: abc", "2:3: health_check.interval: found \"abc\", expected a duration: seconds or 250ms, 5s, 1m, 2h"),
        ("health_check:\n  rise: 0", "2:3: health_check.rise: found 0, expected a whole number from 1 to 100"),
        ("health_check: 5", "1:1: health_check: found 5, expected a mapping"),
        ("health_check: []", "1:1: health_check: found a list, expected a mapping"),
        ("[a]", "1:1: found a list, expected a mapping"),
        ("hello", "1:1: found \"hello\", expected a mapping"),
        ("combine: frist", "1:1: combine: found \"frist\", expected merge or first; did you mean first?"),
        ("log: {level: verbose}", "1:7: log.level: found \"verbose\", expected trace, debug, info, notice, warning, error or critical"),
        ("policy: {}", "1:1: policy: found a mapping, expected weighted_round_robin, random, least_outstanding, peak_ewma or consistent_hash"),
        ("state_file: \"\"", "1:1: state_file: found \"\", expected the path of a file"),
        ("limits: {body_bytes: 100}", "1:10: limits.body_bytes: found 100, expected a whole number from 1024 to 1073741824"),
        ("sources: []", "1:1: sources: found an empty list, expected a list of sources"),
        ("sources: {file: {}}", "1:1: sources: found a mapping, expected a list of sources"),
        ("sources:\n  - file", "2:5: sources[0]: found \"file\", expected a mapping"),
        ("sources:\n  - {}", "2:5: sources[0]: found an empty mapping, expected exactly one of etcd, kubernetes or file"),
        (
            "sources:\n  - { file: {}, etcd: { endpoints: [http://a] } }",
            "2:5: sources[0]: found etcd and file, expected exactly one of etcd, kubernetes or file"
        ),
        ("sources:\n  - flie: {}", "2:5: sources[0].flie: unknown key; did you mean file?"),
        ("sources:\n  - etcd: {}", "2:5: sources[0].etcd.endpoints: missing, expected a list of http or https URLs"),
        ("sources:\n  - etcd:", "2:5: sources[0].etcd: found nothing, expected a mapping"),
        ("sources: [etcd: {endpoints: []}]", "1:18: sources[0].etcd.endpoints: found an empty list, expected a list of http or https URLs"),
        ("sources: [etcd: {endpoints: http://a}]", "1:18: sources[0].etcd.endpoints: found \"http://a\", expected a list of http or https URLs"),
        (
            "sources:\n- etcd:\n    endpoints:\n    - http://a\n    - ftp://b",
            "5:7: sources[0].etcd.endpoints[1]: found \"ftp://b\", expected an http or https URL with a host"
        ),
        (
            "sources: [etcd: {endpoints: [\"http://u:p@a\"]}]",
            "1:30: sources[0].etcd.endpoints[0]: found a URL with a user name, expected an http or https URL with a host, without one"
        ),
        ("sources:\n- etcd:\n    endpoints: [http://a]\n    username: u", "2:3: sources[0].etcd.password_file: missing, username needs it"),
        ("sources:\n- etcd:\n    endpoints: [http://a]\n    password_file: p", "2:3: sources[0].etcd.username: missing, password_file needs it"),
        ("sources:\n- etcd:\n    endpoints: [http://a]\n    cert_file: p", "2:3: sources[0].etcd.key_file: missing, cert_file needs it"),
        ("sources:\n- etcd:\n    endpoints: [http://a]\n    api: v4", "4:5: sources[0].etcd.api: found \"v4\", expected v3 or v2; did you mean v3?"),
        ("sources:\n- file: {}\n- file: {}", "3:3: sources[1].file.name: found \"file\", the name of sources[0], expected another name"),
        ("sources:\n- file: {}\n- file: { name: file }", "3:11: sources[1].file.name: found \"file\", the name of sources[0], expected another name"),
        ("sources:\n- file: { name: a b }", "2:11: sources[0].file.name: found \"a b\", expected letters, digits, - _ ."),
        ("sources:\n- file: {}\n- kubernetes: { port: 0 }", "3:17: sources[1].kubernetes.port: found 0, expected a whole number from 1 to 65535"),
        (
            "sources:\n- file: {}\n- kubernetes: { server: https://a, kubeconfig: k }",
            "3:36: sources[1].kubernetes.kubeconfig: found beside server, expected only one of the two"
        ),
        (
            "sources:\n- file: {}\n- kubernetes: { kubeconfig: k, token_file: t }",
            "3:32: sources[1].kubernetes.token_file: found beside kubeconfig, which says that itself"
        ),
        (
            "sources:\n- file: {}\n- kubernetes: { namespace: A }",
            "3:17: sources[1].kubernetes.namespace: found \"A\", expected a namespace (lower-case letters, digits, -) or \"*\""
        ),
        (
            "sources:\n- file: {}\n- kubernetes: { weight: 65536 }",
            "3:17: sources[1].kubernetes.weight: found 65536, expected a number from 0 to 65535"
        ),
        (
            "services:\n  web: { check_url: health }",
            "2:10: services.web.check_url: found \"health\", expected a path such as /health, an http or https URL, tcp: or an empty text"
        ),
        ("services:\n  web: { interval: 5 }", "2:10: services.web.interval: unknown key; allowed: health_check, log_check"),
        (
            "services:\n  a/b: {}",
            "2:3: services.\"a/b\": found \"a/b\", expected the name of a service (letters, digits, - _ .) or a glob with * and ?"
        ),
        (
            "services:\n  web-*: {}\n  \"*-web\": {}",
            "3:3: services.*-web: as specific as web-* (line 2), and one service can match both; expected one of them with more literal characters"
        ),
        (
            "log_check: { failure_status: 5xx }",
            "1:14: log_check.failure_status: found \"5xx\", expected a list of statuses such as [503, 5xx, 500-599]"
        ),
        (
            "log_check: { failure_status: [200, 600] }",
            "1:36: log_check.failure_status[1]: found 600, expected a status such as 503, 5xx or 500-599, from 100 to 599"
        ),
        (
            "health_check: { ok_status: [] }",
            "1:17: health_check.ok_status: found an empty list, expected a list of statuses such as [503, 5xx, 500-599]"
        ),
        ("a: b: c", "1:5: not valid YAML: mapping values are not allowed in this context"),
        ("log: {level: info", "2:1: not valid YAML: while parsing a flow mapping (line 1, column 6), did not find expected ',' or '}'"),
        ("services:\n  *-a: {}", "2:3: not valid YAML: found undefined alias; text that starts with * must be in quotes"),
        (
            "services:\n  *: {}",
            "2:4: not valid YAML: while scanning an alias (line 2, column 3), did not find expected alphabetic or numeric character; "
                + "text that starts with * must be in quotes"
        ),
        (
            "listen: [::]:8080",
            "1:10: not valid YAML: while parsing a flow node (line 1, column 10), did not find expected node content; "
                + "text that starts with [ or { must be in quotes"
        ),
        ("workers: 1\n---\nworkers: 2", "2:1: not valid YAML: expected a single document in the stream, but found another document"),
        ("workers: 1\nlog: \u{1}", "2:6: not valid YAML: control characters are not allowed (U+1)"),
    ])
    func `an error says where, what was found and what is allowed`(yaml: String, expected: String) {
        let errors = Configuration.errors(yaml)
        let isPrefix = expected.contains("allowed: ")
        #expect(errors.map { isPrefix ? String($0.prefix(expected.count + 15)) : $0 } == ["lookaside.yaml:" + expected])
    }

    @Test func `all errors are reported at once in the order of the file`() {
        let yaml = """
            listen: here
            log: { level: info, format: xml }
            wrokers: 2
            policy: fastest
            services:
              a: { policy: none, panic_threshold: 2 }
            workers: 2
            log: { level: info, format: text }
            health_check:
              rise: 1000
              rise: 3
            """
        let places = Configuration.errors(yaml).map { $0.split(separator: " ")[0...1].joined(separator: " ") }
        #expect(
            places == [
                "lookaside.yaml:1:1: listen:", "lookaside.yaml:2:21: log.format:", "lookaside.yaml:3:1: wrokers:", "lookaside.yaml:4:1: policy:",
                "lookaside.yaml:6:8: services.a.policy:", "lookaside.yaml:6:22: services.a.panic_threshold:", "lookaside.yaml:8:1: log:",
                "lookaside.yaml:10:3: health_check.rise:", "lookaside.yaml:11:3: health_check.rise:",
            ]
        )
    }

    @Test func `a duplicate key moves no other error, whatever is around it`() {
        let yaml = "log: { level: info, 'level': x, level: error, format: xml } # é\r\nworkers: 1\r\n\"workers\": 1\r\nlisten: here\r\n"
        let errors = Configuration.errors(yaml)
        #expect(
            errors.map { $0.split(separator: " ")[0] } == [
                "lookaside.yaml:1:21:", "lookaside.yaml:1:33:", "lookaside.yaml:1:47:", "lookaside.yaml:3:1:", "lookaside.yaml:4:1:",
            ]
        )
    }

    @Test func `a duplicate key that cannot be told apart is an error by itself`() {
        #expect(Configuration.errors("&a workers: 1\nworkers: 2") == ["lookaside.yaml:1:1: duplicate key \"workers\""])
        #expect(Configuration.errors("\"\": 1\n\"\": 2") == ["lookaside.yaml:1:1: duplicate key \"\""])
    }

    @Test func `a key of the example with a letter more or less is unknown, in its line`() {
        let lines = Configuration.example.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var tried = 0
        for (index, line) in lines.enumerated() {
            for match in line.matches(of: /(?:^|[ {])([a-z_]+):(?: |$)/) {
                let key = String(match.output.1)
                let column = line.distance(from: line.startIndex, to: match.output.1.startIndex) + 1
                for misspelt in [key + key.suffix(1), String(key.dropFirst())] {
                    var changed = lines
                    changed[index].replaceSubrange(match.output.1.startIndex..<match.output.1.endIndex, with: misspelt)
                    let errors = Configuration.errors(changed.joined(separator: "\n"))
                    let unknown = errors.filter {
                        $0.hasPrefix("lookaside.yaml:\(index + 1):\(column): ") && $0.contains("\(misspelt): unknown key; did you mean \(key)?")
                    }
                    #expect(unknown.count == 1, "\(misspelt) in line \(index + 1): \(errors)")
                }
                tried += 1
            }
        }
        #expect(tried == 81)
    }
}
