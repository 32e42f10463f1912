import Balancing
import Discovery
import TestSupport
import Testing

@testable import KubernetesSource

/// Changes of objects as changes of peers: only what differs is told, and in the end it is what a fresh list says.
struct EndpointTableTests {
    private typealias Endpoint = EndpointObject.Endpoint

    private func slice(
        _ name: String,
        of service: String?,
        version: Int,
        weight: String? = nil,
        port: Int? = 80,
        _ endpoints: [Endpoint]
    ) -> EndpointObject {
        var labels = ["lookaside.dev/weight": weight].compactMapValues { $0 }
        labels["kubernetes.io/service-name"] = service
        return EndpointObject(
            metadata: .init(name: name, namespace: "lab", uid: name, resourceVersion: "\(version)", labels: labels),
            addressType: "IPv4",
            endpoints: endpoints,
            ports: [.init(name: "http", protocol: "TCP", port: port)]
        )
    }

    private func endpoint(_ address: String, ready: Bool? = nil, terminating: Bool? = nil, uid: String? = nil) -> Endpoint {
        Endpoint(
            addresses: [address],
            conditions: .init(ready: ready, serving: ready == false && terminating == true ? true : nil, terminating: terminating),
            targetRef: .init(uid: uid)
        )
    }

    private func words(_ entries: [SourceEntry]) -> [String] {
        entries.map { entry in
            switch entry.content {
            case .value(let value): "\(entry.key) \(value.status)"
            case .invalid(let reason): "\(entry.key) invalid: \(reason)"
            case .deleted: "\(entry.key) deleted"
            case .named: "\(entry.key) named"
            }
        }
    }

    @Test func `only what has changed is told`() {
        var table = EndpointTable(mapping: .of(.endpointSlices))
        let two = [endpoint("10.0.0.1"), endpoint("10.0.0.2")]
        #expect(Set(words(table.write(slice("a", of: "web", version: 1, two)))) == ["web named", "web/10.0.0.1:80 up", "web/10.0.0.2:80 up"])
        #expect(words(table.write(slice("a", of: "web", version: 2, two))) == [])
        #expect(
            words(table.write(slice("a", of: "web", version: 3, [two[0], endpoint("10.0.0.2", ready: false)]))) == ["web/10.0.0.2:80 down"]
        )
        // Those that come are told before those that go.
        #expect(
            words(table.write(slice("a", of: "web", version: 4, [two[0], endpoint("10.0.0.3")]))) == [
                "web/10.0.0.3:80 up", "web/10.0.0.2:80 deleted",
            ]
        )
        #expect(words(table.write(slice("b", of: "web", version: 5, [endpoint("10.0.0.1")]))) == [])
        #expect(words(table.delete(slice("a", of: "web", version: 6, []))) == ["web/10.0.0.3:80 deleted"])
        #expect(words(table.write(slice("b", of: "web", version: 7, []))) == ["web/10.0.0.1:80 deleted"])
        #expect(words(table.delete(slice("b", of: "web", version: 8, []))) == ["web deleted"])
        #expect(words(table.delete(slice("b", of: "web", version: 8, []))) == [])
    }

    @Test func `another pod at the same address is told, since nothing is inherited from the one before`() {
        var table = EndpointTable(mapping: .of(.endpointSlices))
        _ = table.write(slice("a", of: "web", version: 1, [endpoint("10.0.0.1", uid: "u1")]))
        #expect(words(table.write(slice("a", of: "web", version: 2, [endpoint("10.0.0.1", uid: "u2")]))) == ["web/10.0.0.1:80 up"])
    }

    @Test func `a slice that changes its service leaves the one and joins the other`() {
        var table = EndpointTable(mapping: .of(.endpointSlices))
        _ = table.write(slice("a", of: "web", version: 1, [endpoint("10.0.0.1")]))
        #expect(
            words(table.write(slice("a", of: "api", version: 2, [endpoint("10.0.0.1")]))) == [
                "web/10.0.0.1:80 deleted", "web deleted", "api named", "api/10.0.0.1:80 up",
            ]
        )
        let problem = "EndpointSlice lab/a invalid: it has no label kubernetes.io/service-name, and so belongs to no service"
        #expect(words(table.write(slice("a", of: nil, version: 3, []))) == ["api/10.0.0.1:80 deleted", "api deleted", problem])
        #expect(words(table.write(slice("a", of: "api", version: 4, []))) == ["api named", "EndpointSlice lab/a deleted"])
    }

    @Test func `a problem is told when it comes and when it goes`() {
        var table = EndpointTable(mapping: .of(.endpointSlices))
        _ = table.write(slice("a", of: "web", version: 1, [endpoint("10.0.0.1")]))
        let lost = words(table.write(slice("a", of: "web", version: 2, port: nil, [endpoint("10.0.0.1")])))
        #expect(lost.count == 2 && lost[0].hasPrefix("web/a invalid: no port") && lost[1] == "web/10.0.0.1:80 deleted")
        #expect(words(table.write(slice("a", of: "web", version: 3, [endpoint("10.0.0.1")]))) == ["web/a deleted", "web/10.0.0.1:80 up"])
    }

    @Test func `values that are as they were stay the same objects`() throws {
        var table = EndpointTable(mapping: .of(.endpointSlices))
        let endpoints = [endpoint("10.0.0.1", uid: "u1"), endpoint("10.0.0.2", uid: "u2")]
        var picks = SourceTable()
        for entry in table.write(slice("a", of: "web", version: 1, endpoints)) { picks.apply(entry) }
        for entry in table.write(slice("a", of: "web", version: 2, [endpoints[0], endpoint("10.0.0.2", ready: false, uid: "u2")])) {
            picks.apply(entry)
        }
        let kept = table.sourceTable().services["web"] ?? [:]
        for (address, value) in picks.services["web"] ?? [:] { #expect(kept[address] === value) }
        #expect(kept.count == 2)
    }

    // MARK: - Random histories

    /// Random objects of a few services and addresses, so that they meet.
    private func randomObject(_ version: Int, using generator: inout SeededGenerator) -> EndpointObject {
        let service = [nil, "web", "web", "api", "a b"].randomElement(using: &generator) ?? nil
        let endpoints = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            endpoint(
                ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.300"].randomElement(using: &generator) ?? "",
                ready: [nil, true, false].randomElement(using: &generator) ?? nil,
                terminating: [nil, true, false].randomElement(using: &generator) ?? nil,
                uid: ["u1", "u2", nil].randomElement(using: &generator) ?? nil
            )
        }
        return slice(
            ["a", "b", "c", "d"].randomElement(using: &generator) ?? "",
            of: service,
            version: version,
            weight: [nil, nil, "50", "bad"].randomElement(using: &generator) ?? nil,
            port: [80, 80, 80, nil].randomElement(using: &generator) ?? nil,
            endpoints
        )
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `after any history the peers are those of a fresh list`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var objects: [String: EndpointObject] = [:]
        var table = EndpointTable(mapping: .of(.endpointSlices))
        var picks = SourceTable()
        for version in 1...120 {
            let object = randomObject(version, using: &generator)
            let name = object.metadata?.name ?? ""
            let entries: [SourceEntry]
            if Int.random(in: 0..<4, using: &generator) == 0 {
                objects[name] = nil
                entries = table.delete(object)
            } else {
                objects[name] = object
                entries = table.write(object)
            }
            for entry in entries { picks.apply(entry) }

            var fresh = EndpointTable(mapping: .of(.endpointSlices))
            for object in objects.values.shuffled(using: &generator) { fresh.add(object) }
            let expected = fresh.sourceTable()
            try #require(picks.services == expected.services, "seed \(seed), version \(version)")
            try #require(picks.skipped == expected.skipped && picks.peerCount == expected.peerCount, "seed \(seed), version \(version)")
        }
    }
}
