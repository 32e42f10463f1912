import Discovery
import DiscoveryTestSupport
import EtcdSource
import TestSupport
import Testing

/// A source and a real etcd; after every scene picks must see what a fresh range of etcd shows.
@Suite(.serialized)
struct EtcdSourceTests {
    private func key(_ peer: String) -> String { ServedEtcd.prefix + peer }

    private func weight(_ weight: Int) -> String { #"{"weight":\#(weight)}"# }

    @Test func `keys that are set, updated, deleted and let go by their lease appear in picks`() async throws {
        let etcd = try await EtcdProcess()
        try etcd.put(key("web/10.0.0.1:80"), weight(1))
        let served = try ServedEtcd(url: etcd.url)
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            #expect(served.peers == ["web/10.0.0.1:80": 1])
            #expect(served.monitor.status.revision == "\(try etcd.revision())")

            try etcd.put(key("web/10.0.0.2:80"), weight(2))
            try etcd.put(key("web/10.0.0.1:80"), weight(3))
            #expect(try await served.eventuallyEquals(etcd))
            try etcd.delete(key("web/10.0.0.1:80"))
            try etcd.put(key("api/[::1]:80"), "{}")
            #expect(try await served.eventuallyEquals(etcd))

            let lease = try etcd.grantLease(seconds: 600)
            try etcd.put(key("web/10.0.0.9:80"), weight(9), lease: lease)
            #expect(try await served.eventually { served.peers["web/10.0.0.9:80"] == 9 })
            try etcd.revokeLease(lease)
            #expect(try await served.eventually { served.peers["web/10.0.0.9:80"] == nil })
            #expect(try await served.eventuallyEquals(etcd))

            try etcd.deleteAll(under: key("web/"))
            #expect(try await served.eventually { served.peers == ["api/[::1]:80": 100] })
            try etcd.commit([.delete(key("api/[::1]:80")), .put(key("web/10.0.0.7:80"), weight(7)), .put("/elsewhere", "x")])
            #expect(try await served.eventually { served.peers == ["web/10.0.0.7:80": 7] })
        }
        let status = served.monitor.status
        #expect(status.lists == 1 && status.failures == 0 && status.skipped == 0)
    }

    @Test func `keys that are no peers are skipped with a reason`() async throws {
        let etcd = try await EtcdProcess()
        let served = try ServedEtcd(url: etcd.url)
        let bad = Array(key("web/10.0.0.1").utf8) + [0xff] + Array(":80".utf8)
        try etcd.put(bad, "{}")
        try etcd.put(key("config"), "{}")
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.skipped == 2 })
            try etcd.put(key("web/10.0.0.2:80"), #"{"weight":"heavy"}"#)
            try etcd.put(key("web/10.0.0.3:80"), "not JSON")
            #expect(try await served.eventually { served.monitor.status.skipped == 3 && served.peers == ["web/10.0.0.3:80": 100] })
            let reasons = [
                "web/10.0.0.2:80: weight: expected a number", #"web/10.0.0.1\xff:80: the key is not UTF-8 text"#,
                "config: no peer: a key is <service>/<host>:<port>",
            ]
            #expect(served.monitor.status.skippedReasons == reasons)
        }
    }

    @Test func `a list of many pages is complete, and the watch goes on behind it`() async throws {
        let etcd = try await EtcdProcess()
        for batch in 0..<5 {
            try etcd.commit((0..<100).map { .put(key("service-\($0 % 7)/10.0.\(batch).\($0):80"), weight($0 + 1)) })
        }
        for pageSize in [1000, 500, 120] {
            let served = try ServedEtcd(url: etcd.url, pageSize: pageSize)
            try await served.running {
                #expect(try await served.eventuallyEquals(etcd))
                try etcd.put(key("web/10.1.0.1:80"), weight(pageSize))
                try etcd.delete(key("service-0/10.0.0.0:80"))
                #expect(try await served.eventuallyEquals(etcd))
            }
            #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
        }
    }

    @Test func `picks stay while etcd is down, and what happened meanwhile is caught up without a list`() async throws {
        let etcd = try await EtcdProcess()
        try etcd.commit((1...3).map { .put(key("web/10.0.0.\($0):80"), weight($0)) })
        let served = try ServedEtcd(url: etcd.url)
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            etcd.kill()
            #expect(try await served.eventually { served.monitor.status.failures >= 2 })
            #expect(served.monitor.status.lastError.contains(" at 127.0.0.1:"))
            #expect(served.peers.count == 3)
            try await etcd.start()
            try etcd.put(key("web/10.0.0.4:80"), weight(4))
            try etcd.delete(key("web/10.0.0.1:80"))
            #expect(try await served.eventuallyEquals(etcd))
            #expect(try await served.eventually { served.monitor.status.phase == .watching && served.monitor.status.lastError.isEmpty })
        }
        // A session that ends while etcd is well, and another one.
        try etcd.put(key("web/10.0.0.5:80"), weight(5))
        try etcd.delete(key("web/10.0.0.2:80"))
        #expect(try await served.running { try await served.eventuallyEquals(etcd) })
        #expect(served.monitor.status.lists == 1)
    }

    @Test func `a compaction while away is found, and healed by a list without an empty moment`() async throws {
        let etcd = try await EtcdProcess()
        try etcd.commit((1...3).map { .put(key("web/10.0.0.\($0):80"), weight($0)) })
        let served = try ServedEtcd(url: etcd.url)
        #expect(try await served.running { try await served.eventually { served.monitor.status.phase == .watching } })
        try etcd.delete(key("web/10.0.0.1:80"))
        try etcd.put(key("web/10.0.0.2:80"), weight(20))
        try etcd.compact()
        // One session notices, the next one lists.
        #expect(served.peers.count == 3)
        try await served.runOnce()
        #expect(served.peers.count == 3)
        #expect(try await served.running { try await served.eventuallyEquals(etcd) })
        let status = served.monitor.status
        #expect(status.lists == 2 && status.failures == 0)
    }

    @Test func `a compaction while nothing of ours changed needs no list, and the watch goes on behind it`() async throws {
        let etcd = try await EtcdProcess()
        try etcd.commit((1...3).map { .put(key("web/10.0.0.\($0):80"), weight($0)) })
        try etcd.put(key("web/name:80"), "{}")
        let served = try ServedEtcd(url: etcd.url)
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            // The number of keys is followed through everything that can happen to one.
            try etcd.put(key("web/10.0.0.1:80"), weight(9))
            try etcd.delete(key("web/10.0.0.2:80"))
            try etcd.commit([.delete(key("web/10.0.0.3:80")), .put(key("api/10.0.0.4:80"), weight(4)), .put(key("api/10.0.0.5:80"), weight(5))])
            try etcd.put(key("web/10.0.0.2:80"), weight(2))
            try etcd.delete(key("api/10.0.0.5:80"))
            #expect(try await served.eventuallyEquals(etcd, skipping: ["web/name:80"]))
        }
        for round in 1...3 {
            for count in 1...5 { try etcd.put("/elsewhere", "\(count)") }
            try etcd.put(key("api/10.0.0.6:80"), weight(6))
            try etcd.delete(key("api/10.0.0.6:80"))
            try etcd.compact()
            let revision = "\(try etcd.revision())"
            try await served.running {
                // The comparison is behind us, the list is not needed.
                #expect(try await served.eventually { served.monitor.status.revision == revision })
                try etcd.put(key("web/10.0.1.\(round):80"), weight(round))
                #expect(try await served.eventuallyEquals(etcd, skipping: ["web/name:80"]))
            }
        }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
    }

    @Test(arguments: [true, false])
    func `a compaction that hides a deletion or a change is found`(isDeletion: Bool) async throws {
        let etcd = try await EtcdProcess()
        try etcd.commit((1...3).map { .put(key("web/10.0.0.\($0):80"), weight($0)) })
        try etcd.put(key("web/10.0.0.4:80"), weight(4))
        let served = try ServedEtcd(url: etcd.url)
        #expect(try await served.running { try await served.eventually { served.monitor.status.phase == .watching } })
        if isDeletion { try etcd.delete(key("web/10.0.0.1:80")) } else { try etcd.put(key("web/10.0.0.1:80"), weight(8)) }
        try etcd.put("/elsewhere", "x")
        try etcd.compact()
        #expect(try await served.running { try await served.eventuallyEquals(etcd) })
        #expect(served.monitor.status.lists == 2)
    }

    @Test func `a compaction under a living watch changes nothing`() async throws {
        let etcd = try await EtcdProcess()
        let served = try ServedEtcd(url: etcd.url)
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            try etcd.put(key("web/10.0.0.1:80"), weight(1))
            try etcd.compact()
            try etcd.put(key("web/10.0.0.2:80"), weight(2))
            #expect(try await served.eventuallyEquals(etcd))
        }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.failures == 0)
    }

    @Test(arguments: [2, 40])
    func `a wiped store is noticed, also when it was written past the old revision`(writes: Int) async throws {
        let etcd = try await EtcdProcess()
        for count in 1...20 { try etcd.put(key("old/10.0.0.\(count):80"), weight(count)) }
        let served = try ServedEtcd(url: etcd.url)
        try await served.running {
            #expect(try await served.eventually { served.monitor.status.phase == .watching })
            try etcd.wipe()
            try await etcd.start()
            for count in 1...writes { try etcd.put(key("new/10.0.1.\(count):80"), weight(count)) }
            #expect(try await served.eventuallyEquals(etcd))
            try etcd.put(key("new/10.0.2.1:80"), weight(1))
            #expect(try await served.eventuallyEquals(etcd))
        }
        #expect(served.monitor.status.lists >= 2)
    }

    @Test func `a store that was restored from a backup and has lost nothing but deletions is noticed`() async throws {
        let etcd = try await EtcdProcess()
        for peer in 1...4 { try etcd.put(key("web/10.0.0.\(peer):80"), weight(peer)) }
        try etcd.backUp()
        try await etcd.start()
        let served = try ServedEtcd(url: etcd.url)
        #expect(try await served.running { try await served.eventuallyEquals(etcd) })
        for peer in 1...2 { try etcd.delete(key("web/10.0.0.\(peer):80")) }
        #expect(try await served.running { try await served.eventuallyEquals(etcd) })
        try etcd.restoreBackup()
        try await etcd.start()
        // Past the known revision, and what was written last before is there as it was.
        for count in 1...5 { try etcd.put("/elsewhere", "\(count)") }
        #expect(try await served.running { try await served.eventuallyEquals(etcd) })
        #expect(served.peers.count == 4 && served.monitor.status.lists == 2)
    }

    @Test func `a silent watch is begun again, misses nothing and lists nothing`() async throws {
        let etcd = try await EtcdProcess()
        try etcd.put(key("web/10.0.0.1:80"), weight(1))
        // etcd brings a watch that begins in the past up to date every 100 ms.
        let served = try ServedEtcd(url: etcd.url, idleTimeout: .milliseconds(250))
        for round in 2...5 {
            try etcd.put(key("web/10.0.0.\(round):80"), weight(round))
            // On a slow machine a watch may fall silent before etcd has brought it up to date.
            for _ in 1...40 where served.peers["web/10.0.0.\(round):80"] == nil { try await served.runOnce() }
            #expect(try await served.eventuallyEquals(etcd))
        }
        #expect(served.monitor.status.lists == 1 && served.monitor.status.phase == .watching)
    }

    @Test func `random changes, kills and compactions end in what a fresh list shows`() async throws {
        let etcd = try await EtcdProcess()
        let served = try ServedEtcd(url: etcd.url, pageSize: 7, idleTimeout: .milliseconds(200))
        var generator = SeededGenerator(seed: 42)
        try await served.running {
            for round in 1...12 {
                for _ in 0..<10 {
                    let peer = key("service-\(Int.random(in: 0..<3, using: &generator))/10.0.0.\(Int.random(in: 1...15, using: &generator)):80")
                    if Int.random(in: 0..<3, using: &generator) == 0 {
                        try etcd.delete(peer)
                    } else {
                        try etcd.put(peer, weight(Int.random(in: 1...9, using: &generator)))
                    }
                }
                if round % 4 == 0 {
                    etcd.kill()
                    try await etcd.start()
                }
                if round % 3 == 0 { try etcd.compact() }
                if round % 2 == 0 { #expect(try await served.eventuallyEquals(etcd)) }
            }
        }
    }
}
