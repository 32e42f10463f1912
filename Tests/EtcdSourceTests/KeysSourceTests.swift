import Discovery
import DiscoveryTestSupport
import EtcdSource
import TestSupport
import Testing

/// A source and the keys API of a real etcd; after every scene picks must see what a fresh list of etcd shows.
@Suite(.serialized)
struct KeysSourceTests {
    private let etcd: EtcdProcess

    init() async throws {
        etcd = try await EtcdProcess(arguments: EtcdProcess.keysArguments)
    }

    private func key(_ peer: String) -> String { ServedEtcd.prefix + peer }

    private func weight(_ weight: Int) -> String { #"{"weight":\#(weight)}"# }

    private func start() throws -> ServedEtcd { try ServedEtcd(url: etcd.url, api: .v2) }

    @Test func `each action of the API appears in picks`() async throws {
        try etcd.setKey(key("web/10.0.0.1:80"), weight(1))
        let served = try start()
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            #expect(served.peers == ["web/10.0.0.1:80": 1])

            let index = try etcd.setKey(key("web/10.0.0.2:80"), weight(2))
            #expect(try await served.eventually { served.monitor.status.revision == "\(index)" })
            try etcd.keys("PUT", key("web/10.0.0.3:80"), ["value": weight(3), "prevExist": "false"])
            try etcd.keys("PUT", key("web/10.0.0.2:80"), ["value": weight(4), "prevExist": "true"])
            try etcd.keys("PUT", key("web/10.0.0.2:80"), ["value": weight(5), "prevValue": weight(4)])
            #expect(try await served.eventuallyEquals(etcd))
            try etcd.deleteKey(key("web/10.0.0.1:80"))
            try etcd.keys("DELETE", key("web/10.0.0.3:80"), ["prevValue": weight(3)])
            try etcd.setKey(key("api/[::1]:80"), "{}")
            #expect(try await served.eventuallyEquals(etcd))
            #expect(served.peers == ["web/10.0.0.2:80": 5, "api/[::1]:80": 100])
        }
        let status = served.monitor.status
        #expect(status.lists == 1 && status.failures == 0 && status.events == 7)
    }

    @Test func `directories are created, deleted with what is in them and put in the place of a key`() async throws {
        for service in ["a", "b", "c"] { try etcd.setKey(key("\(service)/10.0.0.1:80"), weight(1)) }
        let served = try start()
        try await served.running {
            #expect(try await served.eventuallyEquals(etcd))
            try etcd.keys("PUT", key("empty"), ["dir": "true"])
            try etcd.deleteDirectory(key("a"))
            #expect(try await served.eventually { served.peers == ["b/10.0.0.1:80": 1, "c/10.0.0.1:80": 1] })
            try etcd.keys("PUT", key("b/10.0.0.1:80"), ["dir": "true"])
            #expect(try await served.eventually { served.peers == ["c/10.0.0.1:80": 1] })
            try etcd.setKey(key("b/10.0.0.1:80/x"), "{}")
            #expect(try await served.eventually { served.monitor.status.skipped == 1 })
            try etcd.deleteDirectory(key("b/10.0.0.1:80"))
            try etcd.setKey(key("b/10.0.0.1:80"), weight(2))
            #expect(try await served.eventuallyEquals(etcd))
            #expect(served.monitor.status.skipped == 0)
            // The prefix itself, what is above it, and what is beside it and just begins alike.
            try etcd.setKey("/v1/test/x", "")
            try etcd.deleteDirectory("/v1/test")
            try etcd.setKey(key("d/10.0.0.1:80"), weight(4))
            #expect(try await served.eventuallyEquals(etcd))
            #expect(served.peers.count == 3)
            for directory in [String(ServedEtcd.prefix.dropLast()), "/v1"] {
                try etcd.deleteDirectory(directory)
                #expect(try await served.eventually { served.peers.isEmpty })
                try etcd.setKey(key("d/10.0.0.1:80"), weight(5))
                #expect(try await served.eventuallyEquals(etcd))
            }
        }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
    }

    @Test func `keys and directories whose time ends leave picks, and one whose time is extended stays`() async throws {
        try etcd.setKey(key("web/10.0.0.1:80"), weight(1))
        let served = try start()
        try await served.running {
            #expect(try await served.eventuallyEquals(etcd))
            try etcd.keys("PUT", key("web/10.0.0.2:80"), ["value": weight(2), "ttl": "60"])
            try etcd.keys("PUT", key("gone"), ["dir": "true", "ttl": "60"])
            try etcd.setKey(key("gone/10.0.0.3:80"), weight(3))
            try etcd.keys("PUT", key("web/10.0.0.4:80"), ["value": weight(4), "ttl": "3"])
            try etcd.keys("PUT", key("web/10.0.0.4:80"), ["ttl": "60", "refresh": "true", "prevExist": "true"])
            #expect(try await served.eventually { served.peers.count == 4 })
            // When these end, the first time of the key whose time was extended is over.
            try etcd.keys("PUT", key("web/10.0.0.2:80"), ["ttl": "3", "refresh": "true", "prevExist": "true"])
            try etcd.keys("PUT", key("gone"), ["dir": "true", "ttl": "3", "prevExist": "true"])
            #expect(try await served.eventually { served.peers == ["web/10.0.0.1:80": 1, "web/10.0.0.4:80": 4] })
            #expect(try await served.eventuallyEquals(etcd))
        }
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `values and keys that are no peers follow the seed's rules, and hidden ones are not there`() async throws {
        let served = try start()
        for isLater in [false, true] {
            let service = isLater ? "later" : "early"
            func make() throws {
                try etcd.setKey(key("\(service)/10.0.0.1:80"), "not JSON")
                try etcd.setKey(key("\(service)/10.0.0.2:80"), #"{"weight":"heavy"}"#)
                try etcd.setKey(key("\(service)/name:80"), "{}")
                try etcd.setKey(key("\(service)/_hidden:80"), "{}")
                try etcd.setKey(key("_\(service)/10.0.0.1:80"), "{}")
                try etcd.setKey(key("\(service)/10.0.0.3:80"), weight(3))
                // An earlier valid value stays.
                try etcd.setKey(key("\(service)/10.0.0.3:80"), #"{"weight":-1}"#)
            }
            if !isLater { try make() }
            try await served.running {
                if isLater {
                    // Else the list may show the last value only.
                    #expect(try await served.eventually { served.monitor.status.lists == 2 })
                    try make()
                }
                let expected: [String: Double] =
                    isLater
                    ? ["early/10.0.0.1:80": 100, "later/10.0.0.1:80": 100, "later/10.0.0.3:80": 3] : ["early/10.0.0.1:80": 100]
                #expect(try await served.eventually { served.peers == expected && served.monitor.status.skipped == (isLater ? 6 : 3) })
            }
        }
    }

    @Test func `a prefix that is missing, below a key or a key itself has no peers, and its peers come when it does`() async throws {
        let served = try start()
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.isSynced && served.monitor.status.phase == .watching })
            try etcd.setKey(key("web/10.0.0.1:80"), weight(1))
            #expect(try await served.eventuallyEquals(etcd))
        }
        try etcd.deleteDirectory("/v1")
        try etcd.setKey("/v1", "in the way")
        #expect(try await served.running { try await served.eventually { served.peers.isEmpty } })
        try etcd.deleteKey("/v1")
        try etcd.setKey("/v1/testing/services", "in the way")
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.skippedReasons == [": no peer: a key is <service>/<host>:<port>"] })
            try etcd.deleteKey("/v1/testing/services")
            try etcd.setKey(key("web/10.0.0.1:80"), weight(2))
            #expect(try await served.eventuallyEquals(etcd))
            #expect(served.monitor.status.skipped == 0 && served.monitor.status.failures == 0)
        }
    }

    @Test func `prefixes of any characters are read, the whole store and a hidden one as well`() async throws {
        for prefix in ["/", "/a b/?c=%d#/ä+/", "/_hidden/x/", "//double//slash"] {
            let path = "/" + prefix.split(separator: "/").map { $0 + "/" }.joined()
            try etcd.setKey("\(path)web/10.0.0.1:80", weight(1))
            let served = try ServedEtcd(EtcdSource.Configuration(endpoints: [etcd.url], prefix: prefix, api: .v2))
            try await served.running {
                #expect(try await served.eventually { served.peers == ["web/10.0.0.1:80": 1] }, "\(prefix)")
                try etcd.setKey("\(path)web/10.0.0.2:80", weight(2))
                #expect(try await served.eventually { served.peers == ["web/10.0.0.1:80": 1, "web/10.0.0.2:80": 2] }, "\(prefix)")
                try etcd.deleteDirectory("\(path)web")
                #expect(try await served.eventually { served.peers.isEmpty }, "\(prefix)")
            }
        }
    }

    @Test func `more changes elsewhere than etcd remembers lose nothing and need no list, connected or not`() async throws {
        try etcd.setKey(key("web/10.0.0.1:80"), weight(1))
        // A watch that was silent for its idle timeout, as this one is, would be begun again with a list.
        let served = try ServedEtcd(url: etcd.url, api: .v2, idleTimeout: .seconds(600))
        try await served.running {
            #expect(try await served.eventuallyEquals(etcd))
            try etcd.forgetKeyChanges()
            try etcd.setKey(key("web/10.0.0.2:80"), weight(2))
            try etcd.setKey(key("web/10.0.0.3:80"), weight(3))
            #expect(try await served.eventuallyEquals(etcd))
            #expect(served.monitor.status.lists == 1)
        }
        try etcd.deleteKey(key("web/10.0.0.1:80"))
        try etcd.forgetKeyChanges()
        #expect(try await served.running { try await served.eventuallyEquals(etcd) })
        // A new connection, a new list; no more than that.
        #expect(served.monitor.status.lists == 2 && served.monitor.status.failures == 0)
    }

    @Test func `a stream that etcd has to begin again every hundred events loses none of them`() async throws {
        let served = try start()
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            for number in 1...450 {
                let index = try etcd.setKey(key("web/10.0.0.\(number % 50 + 1):80"), weight(number))
                // What comes while a stream is begun again is fetched one by one, and listed after a second of that: these are few.
                guard number.isMultiple(of: 7) else { continue }
                #expect(try await served.eventually { served.monitor.status.revision == "\(index)" })
            }
            #expect(try await served.eventuallyEquals(etcd))
            let status = served.monitor.status
            #expect(status.events == 450 && status.lists == 1 && status.failures == 0)
        }
    }

    @Test func `changes that come at once, more than etcd holds for a stream, are all seen, long before silence would tell`() async throws {
        let served = try start()
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            for round in 1...5 {
                let changes = (0..<500).map { (key("service-\($0)/10.0.0.1:80"), weight(round * $0)) }
                try etcd.setKeysAtOnce(changes)
                let began = ContinuousClock.now
                #expect(try await served.eventuallyEquals(etcd))
                #expect(began.duration(to: .now) < .seconds(15))
            }
            #expect(served.monitor.status.failures == 0)
        }
    }

    @Test func `an etcd without the keys API is named so`() async throws {
        let other = try await EtcdProcess()
        let failure = try await ServedEtcd(url: other.url, api: .v2).failure()
        #expect(failure.hasSuffix("etcd does not serve the v2 API: start it with --enable-v2 (3.5 or earlier), or use api: v3"))
    }
}
