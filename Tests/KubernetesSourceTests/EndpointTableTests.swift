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
        slowStart: String? = nil,
        port: Int? = 80,
        _ endpoints: [Endpoint]
    ) -> EndpointObject {
        var labels = ["lookaside.dev/weight": weight, "lookaside.dev/slow-start": slowStart].compactMapValues { $0 }
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
        let lost = words(table.write(slice("a", of: "web", version: 2, port: nil, [endpoint("10.0.0.1")])))
        #expect(lost.count == 2 && lost[0] == "web named" && lost[1].hasPrefix("web/a invalid: no port"))
        #expect(words(table.write(slice("a", of: "web", version: 3, [endpoint("10.0.0.1")]))) == ["web/a deleted", "web/10.0.0.1:80 up"])
    }

    // MARK: - What is not valid leaves what was

    @Test func `an object whose port cannot be told any more keeps the one it had, also for pods that come`() {
        var table = EndpointTable(mapping: .of(.endpointSlices))
        _ = table.write(slice("a", of: "web", version: 1, port: 81, [endpoint("10.0.0.1")]))
        // The service has another port now, so that its ports have other names.
        let both = [endpoint("10.0.0.1"), endpoint("10.0.0.2")]
        var object = slice("a", of: "web", version: 2, both)
        object.ports = [.init(name: "web", port: 81), .init(name: "metrics", port: 9090)]
        let entries = words(table.write(object))
        #expect(entries.count == 2 && entries[0].hasPrefix("web/a invalid: no port") && entries[1] == "web/10.0.0.2:81 up")
        #expect(entries[0].hasSuffix("it has web 81/TCP, metrics 9090/TCP; port 81 stays"))
        // A service without pods has no ports; when they come back it is as before.
        let gone = words(table.write(slice("a", of: "web", version: 3, port: nil, [])))
        #expect(gone.sorted() == ["web/10.0.0.1:81 deleted", "web/10.0.0.2:81 deleted", "web/a deleted"])
        #expect(words(table.write(object)).contains("web/10.0.0.1:81 up"))
        // The same in a list.
        var list = EndpointTable(replacing: table)
        list.add(object, after: table)
        #expect(list.sourceTable().described.keys.sorted() == ["web/10.0.0.1:81", "web/10.0.0.2:81"])
        #expect(list.sourceTable().skipped.keys.sorted() == ["web/a"])
        // An object that goes takes that with it.
        _ = table.delete(object)
        #expect(words(table.write(object)).map { $0.prefix(13) } == ["web named", "web/a invalid"])
    }

    @Test func `a subset without a port gets none of another subset's`() {
        var table = EndpointTable(mapping: .of(.endpoints))
        let subsets: [EndpointObject.Subset] = [
            .init(addresses: [.init(ip: "10.0.0.1")], ports: [.init(name: "http", port: 80)]),
            .init(addresses: [.init(ip: "10.0.0.2")], ports: [.init(name: "a", port: 1), .init(name: "b", port: 2)]),
        ]
        _ = table.write(EndpointObject(metadata: .init(name: "web", namespace: "lab", resourceVersion: "1"), subsets: subsets))
        #expect(table.sourceTable().described.keys.sorted() == ["web/10.0.0.1:80"])
    }

    @Test func `a label that is not valid any more leaves what it said, and one that is gone does not`() {
        var table = EndpointTable(mapping: .of(.endpointSlices, .init(weight: 7)))
        func described(_ weight: String?, _ slowStart: String?, _ version: Int) -> String? {
            _ = table.write(slice("a", of: "web", version: version, weight: weight, slowStart: slowStart, [endpoint("10.0.0.1")]))
            return table.sourceTable().described["web/10.0.0.1:80"]
        }
        #expect(described("heavy", "slow", 1) == "up weight 7.0")
        #expect(described("50", "3", 2) == "up weight 50.0 slow start 3.0")
        #expect(described("heavy", "slow", 3) == "up weight 50.0 slow start 3.0")
        let reason = "label lookaside.dev/weight: found \"heavy\", allowed is a number from 0 to 65535; 50.0 stays; label lookaside.dev/slow-start"
        #expect(table.sourceTable().skipped["web/a"]?.hasPrefix(reason) == true)
        #expect(described(nil, nil, 4) == "up weight 7.0")
        #expect(described("heavy", "slow", 5) == "up weight 7.0")
    }

    // MARK: - Values

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
        // Also over a list of the same, and what is new shares what it says with what is known.
        var list = EndpointTable(replacing: table)
        list.add(slice("a", of: "web", version: 9, [endpoints[0], endpoint("10.0.0.2", ready: false, uid: "u2")]), after: table)
        list.add(slice("b", of: "api", version: 9, [endpoint("10.0.0.3")]), after: table)
        _ = table.write(slice("b", of: "api", version: 9, [endpoint("10.0.0.4")]))
        let listed = list.sourceTable().services
        for (address, value) in kept { #expect(listed["web"]?[address] === value) }
        #expect(listed["web"]?.count == 2)
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
            weight: [nil, nil, "50", "60", "bad"].randomElement(using: &generator) ?? nil,
            port: [80, 80, 81, nil].randomElement(using: &generator) ?? nil,
            endpoints
        )
    }

    /// An object with a valid port and a valid weight, where it had one before.
    private func valid(_ object: EndpointObject, after before: EndpointObject?) -> EndpointObject {
        var object = object
        let (weight, service) = ("lookaside.dev/weight", "kubernetes.io/service-name")
        // An object of no service leaves nothing.
        let before = before.flatMap { $0.metadata?.labels?[service] == "web" || $0.metadata?.labels?[service] == "api" ? $0 : nil }
        if object.metadata?.labels?[weight] == "bad" { object.metadata?.labels?[weight] = before?.metadata?.labels?[weight] }
        let isPortOpen = object.ports?.first?.port == nil || object.endpoints?.isEmpty == true
        if isPortOpen { object.ports = before?.ports ?? [] }
        return object
    }

    /// The objects in a random order, the same for the same generator: that of a dictionary differs in every run.
    private func shuffled(_ objects: [String: EndpointObject], using generator: inout some RandomNumberGenerator) -> [EndpointObject] {
        objects.sorted { $0.key < $1.key }.map(\.value).shuffled(using: &generator)
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `after any history the peers are those of a fresh list`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var objects: [String: EndpointObject] = [:]
        // The same with what counts: the last port and the last weight that were valid.
        var lastValid: [String: EndpointObject] = [:]
        var table = EndpointTable(mapping: .of(.endpointSlices))
        var picks = SourceTable()
        for version in 1...120 {
            let object = randomObject(version, using: &generator)
            let name = object.metadata?.name ?? ""
            let entries: [SourceEntry]
            if Int.random(in: 0..<4, using: &generator) == 0 {
                objects[name] = nil
                lastValid[name] = nil
                entries = table.delete(object)
            } else {
                lastValid[name] = valid(object, after: objects[name] == nil ? nil : lastValid[name])
                objects[name] = object
                entries = table.write(object)
            }
            for entry in entries { picks.apply(entry) }

            var fresh = EndpointTable(mapping: .of(.endpointSlices))
            for object in shuffled(lastValid, using: &generator) { fresh.add(object) }
            let expected = fresh.sourceTable()
            try #require(picks.services == expected.services, "seed \(seed), version \(version)")
            try #require(picks.peerCount == expected.peerCount)
            // A list of the same objects changes nothing.
            var list = EndpointTable(replacing: table)
            for object in shuffled(objects, using: &generator) { list.add(object, after: table) }
            let listed = list.sourceTable()
            try #require(listed.services == picks.services && listed.skipped == picks.skipped, "seed \(seed), version \(version)")
            if Int.random(in: 0..<10, using: &generator) == 0 { table = list }
        }
    }
}
