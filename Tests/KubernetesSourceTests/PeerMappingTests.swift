import Balancing
import Discovery
import FoundationEssentials
import Testing

@testable import KubernetesSource

/// What becomes of one slice, or of several.
struct PeerMappingTests {
    private typealias Peers = KubernetesSource.Configuration.Peers

    private func object(_ json: String) throws -> EndpointObject {
        try JSONDecoder().decode(EndpointObject.self, from: Data(json.utf8))
    }

    /// A slice of `web` with one endpoint, 10.0.0.1, unless it says something else.
    private func slice(
        _ name: String = "web-1",
        version: Int = 1,
        type: String = "IPv4",
        labels: String = "",
        endpoints: String = #"{"addresses":["10.0.0.1"]}"#,
        ports: String = #"{"name":"http","port":80}"#
    ) throws -> EndpointObject {
        try object(
            #"{"metadata":{"name":"\#(name)","namespace":"lab","resourceVersion":"\#(version)","labels":{"kubernetes.io/service-name":"web"\#(labels)}},"#
                + #""addressType":"\#(type)","endpoints":[\#(endpoints)],"ports":[\#(ports)]}"#
        )
    }

    private func table(_ peers: Peers = .init(), _ objects: EndpointObject...) -> SourceTable {
        var table = EndpointTable(mapping: .of(.endpointSlices, peers))
        for object in objects { table.add(object) }
        return table.sourceTable()
    }

    // MARK: - Conditions

    @Test(arguments: [
        ("", PeerValue.Status.up), (#""ready":true"#, .up), (#""ready":false"#, .down), (#""ready":null,"serving":null,"terminating":null"#, .up),
        (#""ready":true,"serving":true,"terminating":false"#, .up), (#""ready":false,"serving":true,"terminating":false"#, .down),
        (#""ready":false,"serving":true,"terminating":true"#, .draining), (#""ready":false,"serving":false,"terminating":true"#, .down),
        (#""ready":false,"terminating":true"#, .down), (#""terminating":true"#, .draining), (#""ready":true,"terminating":true"#, .draining),
        (#""serving":false"#, .up),
    ])
    func `conditions say whether an endpoint is up, draining or down`(conditions: String, status: PeerValue.Status) throws {
        let slice = try slice(endpoints: #"{"addresses":["10.0.0.1"],"conditions":{\#(conditions)}}"#)
        #expect(table(.init(), slice).services["web"]?.values.map(\.status) == [status])
    }

    @Test func `zone, node and the pod's uid go into the peer`() throws {
        let endpoint = #"{"addresses":["10.0.0.1","10.0.0.2"],"zone":"z1","nodeName":"n1","targetRef":{"kind":"Pod","uid":"u1"}}"#
        let value = try #require(table(.init(), try slice(endpoints: endpoint)).services["web"]?.values.first)
        #expect(value.zone == "z1" && value.metadata == ["node": "n1"] && value.identity == ValuePool.fingerprint(of: "u1"))
        #expect(value.weight == 100 && value.slowStart == nil && value.checkURL == nil && !value.isCheckedByDefault)
    }

    // MARK: - Ports

    @Test(arguments: [
        (#"{"name":"http","port":80}"#, nil, 80), (#"{"name":"metrics","port":90},{"name":"http","port":80}"#, nil, 80),
        (#"{"name":"grpc","port":90}"#, nil, 90), (#"{"name":"","port":90}"#, nil, 90), (#"{"port":90,"protocol":"TCP"}"#, nil, 90),
        (#"{"name":"dns","port":53,"protocol":"UDP"},{"name":"dns-tcp","port":54}"#, nil, 54),
        (#"{"name":"http","port":80,"protocol":"UDP"},{"name":"a","port":1},{"name":"b","port":2}"#, nil, nil),
        (#"{"name":"a","port":1},{"name":"b","port":2}"#, nil, nil), (#"{"name":"a","port":1},{"name":"b","port":2}"#, 8080, 8080),
        ("", nil, nil), ("", 8080, 8080), (#"{"name":"http","port":null}"#, nil, nil), (#"{"name":"http","port":null}"#, 8080, 8080),
        (#"{"name":"dns","port":53,"protocol":"UDP"}"#, nil, nil),
        // What is to be taken has no number: another one is not what was meant.
        (#"{"name":"http","port":null},{"name":"metrics","port":9090}"#, nil, nil),
        (#"{"name":"http","port":null},{"name":"metrics","port":9090}"#, 8080, 8080),
        (#"{"name":"a","port":null},{"name":"metrics","port":9090}"#, nil, nil),
    ])
    func `the port is the named one, else the only one, else the configured one, else none`(ports: String, configured: Int?, port: Int?) throws {
        let found = table(.init(port: configured), try slice(ports: ports))
        #expect(found.services["web"]?.keys.map { Int($0.port) } == (port.map { [$0] } ?? []))
        // Without a port the service is there all the same, and is reported.
        #expect(found.skipped.count == (port == nil ? 1 : 0))
    }

    @Test func `a service whose port cannot be told is reported with the ports that it has`() throws {
        let slice = try slice(ports: #"{"name":"a","port":1},{"port":2},{"name":"c","protocol":"UDP"}"#)
        let found = table(.init(portName: "web"), slice)
        let reason =
            "no port: none of its TCP ports is named web, there is not just one, and no port is configured; it has a 1/TCP, 2/TCP, c any/UDP"
        #expect(found.services == ["web": [:]] && found.skipped == ["web/web-1": reason])
        #expect(found.skipped(of: "web", limit: 10).map(\.key) == ["web/web-1"])
    }

    @Test func `a service without pods has no ports and nothing wrong with it`() throws {
        let found = table(.init(), try slice(endpoints: "", ports: ""))
        #expect(found.services == ["web": [:]] && found.skipped.isEmpty)
    }

    @Test func `each subset of an Endpoints has its own ports`() throws {
        let endpoints = try object(
            #"{"metadata":{"name":"web","namespace":"lab","resourceVersion":"1"},"subsets":["#
                + #"{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"name":"http","port":80}]},"#
                + #"{"addresses":[{"ip":"10.0.0.2"}],"notReadyAddresses":[{"ip":"10.0.0.1"}],"ports":[{"name":"http","port":81},{"name":"x","port":9}]},"#
                + #"{"notReadyAddresses":[{"ip":"10.0.0.2"}],"ports":[{"name":"http","port":81}]},{"addresses":null,"ports":null}]}"#
        )
        var table = EndpointTable(mapping: .of(.endpoints))
        table.add(endpoints)
        // An address that is ready in one subset is ready.
        #expect(table.sourceTable().described == ["web/10.0.0.1:80": "up", "web/10.0.0.1:81": "down", "web/10.0.0.2:81": "up"])
        #expect(table.sourceTable().skipped.isEmpty)
    }

    // MARK: - Addresses

    @Test func `slices of both families are one service`() throws {
        let found = table(.init(), try slice(), try slice("web-2", type: "IPv6", endpoints: #"{"addresses":["2001:DB8:0::1"]}"#))
        #expect(found.described == ["web/10.0.0.1:80": "up", "web/[2001:db8::1]:80": "up"])
    }

    @Test(arguments: [
        ("FQDN", #"{"addresses":["a.example"]},{"addresses":["b.example"]}"#, "2 endpoints of address type FQDN are refused: names are not resolved"),
        ("Unix", #"{"addresses":["/a"]}"#, "1 endpoints of address type Unix are refused: expected IPv4 or IPv6"),
        ("IPv4", #"{"addresses":["a.example"]}"#, #"a.example: "a.example" is a name: a peer is an IPv4 or IPv6 address, names are not resolved"#),
        ("IPv6", #"{"addresses":["fe80::1%eth0"]}"#, "fe80::1%eth0: an IPv6 zone id is not allowed"),
    ])
    func `addresses that are none are refused with the reason`(type: String, endpoints: String, reason: String) throws {
        let found = table(.init(), try slice(type: type, endpoints: endpoints), try slice("web-2", endpoints: #"{"addresses":["10.0.0.9"]}"#))
        #expect(found.described == ["web/10.0.0.9:80": "up"])
        #expect(found.skipped == ["web/web-1": reason])
    }

    @Test func `a port that is out of range is refused, for each endpoint, and a few are told`() throws {
        let endpoints = (1...9).map { #"{"addresses":["10.0.0.\#($0)"]}"# }.joined(separator: ",")
        let found = table(.init(), try slice(endpoints: endpoints, ports: #"{"port":70000}"#))
        let reasons = (1...5).map { #"10.0.0.\#($0): found port "70000", allowed is 1 to 65535"# }
        // Reasons are shown to 200 characters.
        #expect(found.skipped["web/web-1"]?.hasPrefix(reasons.prefix(3).joined(separator: "; ")) == true)
        #expect(found.services == ["web": [:]])
    }

    @Test func `a slice that belongs to no service is reported under its own name`() throws {
        let stray = try object(#"{"metadata":{"name":"stray","namespace":"lab"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]}]}"#)
        let found = table(.init(), stray)
        #expect(found.services.isEmpty)
        #expect(found.skipped == ["EndpointSlice lab/stray": "it has no label kubernetes.io/service-name, and so belongs to no service"])
    }

    // MARK: - The same endpoint twice

    private static func endpoint(_ uid: String, _ conditions: String) -> String {
        #"{"addresses":["10.0.0.1"],"targetRef":{"uid":"\#(uid)"},"conditions":{\#(conditions)}}"#
    }

    private static let ready = #""ready":true"#
    private static let terminating = #""ready":false,"serving":true,"terminating":true"#
    private static let down = #""ready":false"#

    @Test(arguments: [
        // The same pod: the later slice is right, whatever it says.
        ("u1", ready, "u1", terminating, "draining u1"), ("u1", terminating, "u1", ready, "up u1"), ("u1", ready, "u1", down, "down u1"),
        // Two pods: the one that can be picked counts.
        ("u1", terminating, "u2", ready, "up u2"), ("u1", ready, "u2", terminating, "up u1"), ("u1", down, "u2", terminating, "draining u2"),
        ("u1", ready, "u2", ready, "up u2"),
    ])
    func `an endpoint in two slices is one peer`(
        earlier: String,
        earlierConditions: String,
        later: String,
        laterConditions: String,
        expected: String
    ) throws {
        let first = try slice("web-b", version: 9, endpoints: Self.endpoint(earlier, earlierConditions))
        let second = try slice("web-a", version: 10, endpoints: Self.endpoint(later, laterConditions))
        #expect(table(.init(), first, second).described == ["web/10.0.0.1:80": expected])
        #expect(table(.init(), second, first).described == ["web/10.0.0.1:80": expected])
    }

    @Test func `of what several slices say of one pod the latest counts, also when another pod is at its address`() throws {
        let slices = try [
            slice("web-a", version: 10, endpoints: Self.endpoint("u1", Self.down)),
            slice("web-b", version: 9, endpoints: Self.endpoint("u2", Self.terminating)),
            slice("web-c", version: 8, endpoints: Self.endpoint("u1", Self.ready)),
        ]
        #expect(table(.init(), slices[0], slices[1], slices[2]).described == ["web/10.0.0.1:80": "draining u2"])
        #expect(table(.init(), slices[2], slices[1], slices[0]).described == ["web/10.0.0.1:80": "draining u2"])
    }

    @Test func `an address twice in one slice is the one that can be picked`() throws {
        let endpoints = [Self.endpoint("u1", Self.terminating), Self.endpoint("u2", Self.ready), Self.endpoint("u3", Self.down)]
        #expect(table(.init(), try slice(endpoints: endpoints.joined(separator: ","))).described == ["web/10.0.0.1:80": "up u2"])
    }

    // MARK: - Labels

    @Test func `labels of the service set weight and slow start for all its peers`() throws {
        let labels = #","lookaside.dev/weight":"2.5","lookaside.dev/slow-start":"0""#
        let found = table(.init(weight: 7, slowStart: 20), try slice(labels: labels))
        #expect(found.described == ["web/10.0.0.1:80": "up weight 2.5 slow start 0.0"])
        #expect(table(.init(weight: 7, slowStart: 20), try slice()).described == ["web/10.0.0.1:80": "up weight 7.0 slow start 20.0"])
    }

    @Test(arguments: [
        ("weight", "70000", "65535"), ("weight", "-1", "65535"), ("weight", "heavy", "65535"), ("weight", "", "65535"), ("weight", "0x10", "65535"),
        ("weight", "nan", "65535"), ("weight", "1e3", "65535"), ("slow-start", "86401", "86400"), ("slow-start", "30s", "86400"),
    ])
    func `a label that says nothing valid is reported, and the configuration counts`(label: String, text: String, limit: String) throws {
        let found = table(.init(weight: 7, slowStart: 20), try slice(labels: #","lookaside.dev/\#(label)":"\#(text)""#))
        #expect(found.described == ["web/10.0.0.1:80": "up weight 7.0 slow start 20.0"])
        let reason = "label lookaside.dev/\(label): found \"\(text)\", allowed is a number from 0 to \(limit)"
        #expect(found.skipped == ["web/web-1": reason])
    }

    @Test func `the active check is the configured one, else the service's, else none`() throws {
        var settings = ServiceSettings()
        let unset = try #require(table(.init(), try slice()).services["web"]?.values.first)
        #expect(settings.checkURL(of: unset) == "" && !settings.probes(unset))
        settings.checkURL = "/ready"
        #expect(settings.checkURL(of: unset) == "/ready" && settings.probes(unset))
        let set = try #require(table(.init(checkURL: "tcp:"), try slice()).services["web"]?.values.first)
        #expect(settings.checkURL(of: set) == "tcp:")
    }

    @Test func `another uid is another identity, which is the same in every process`() {
        #expect(ValuePool.fingerprint(of: "a") == String(0xAF63_DC4C_8601_EC8C as UInt64, radix: 36))
        #expect(ValuePool.fingerprint(of: "foobar") == String(0x8594_4171_F739_67E8 as UInt64, radix: 36))
        let uids = (0..<1000).flatMap { ["\($0)1111-2222-3333", "1111-2222-3333\($0)"] }
        #expect(Set(uids.map { ValuePool.fingerprint(of: $0) }).count == uids.count)
    }

    @Test func `endpoints that say the same share one value`() throws {
        let endpoints = (1...3).map { #"{"addresses":["10.0.0.\#($0)"],"nodeName":"n1","zone":"z1"}"# }.joined(separator: ",")
        let values = table(.init(), try slice(endpoints: endpoints)).services["web"]?.values.map { ObjectIdentifier($0) } ?? []
        #expect(values.count == 3 && Set(values).count == 1)
    }
}
