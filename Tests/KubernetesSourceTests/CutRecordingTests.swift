import Discovery
import FoundationEssentials
import HTTPTransport
import Testing

@testable import KubernetesSource

/// What a real API server sent, cut at every byte.
struct CutRecordingTests {
    private typealias Resource = KubernetesSource.Resource

    /// Watches, and the lists before them; one from version 0 brings all objects itself.
    @Test(arguments: [
        ("20", "01", Resource.endpoints), ("21", "03", .endpointSlices), ("22", "01", .endpoints), ("24", "", .endpoints), ("25", "", .endpoints),
        ("31", "30", .endpoints), ("54", "53", .endpoints), ("70", "", .endpointSlices), ("78", "77", .endpoints),
    ])
    func `a watch that is cut at any byte and begun again comes to the same end`(
        watch: String,
        list: String,
        resource: KubernetesSource.Resource
    ) throws {
        let recording = try Recording(watch)
        let versions = try recording.events().map { event in
            switch event {
            case .written(let object), .deleted(let object), .bookmark(let object): object.metadata?.resourceVersion
            // After this one there is no version to go on from.
            case .error: String?.none
            }
        }
        let beginning = try list.isEmpty ? Replay(empty: resource) : Replay(onto: list, resource)
        let expected = try beginning.following(recording.lines)
        func compare(_ cut: Replay, after cutAt: Int) throws {
            // What the server sends to who asks again: every event behind the version.
            let known = versions.lastIndex(of: cut.version).map { $0 + 1 } ?? 0
            let resumed = try cut.following(recording.lines[known...])
            try #require(resumed.version == expected.version && resumed.picks.services == expected.picks.services, "cut at \(cutAt)")
        }

        var splitter = LineSplitter(limit: 1 << 20)
        var soFar = beginning
        try compare(soFar, after: 0)
        for (index, byte) in recording.body.enumerated() {
            // A line that has not come to its end does not count.
            let lines = try splitter.append([byte])
            try #require(lines.isEmpty == (byte != UInt8(ascii: "\n")))
            guard !lines.isEmpty else { continue }
            soFar = try soFar.following(lines)
            try compare(soFar, after: index + 1)
        }
    }

    @Test(arguments: ["01", "03", "05", "08", "37", "38", "53", "87"])
    func `a list or a refusal that is cut at any byte is none`(recording: String) throws {
        let recording = try Recording(recording)
        // Of the line end at its end nothing depends.
        let text = Data(recording.body.reversed().drop { $0 == UInt8(ascii: "\n") }.reversed())
        #expect((try? JSONDecoder().decode(ObjectList.self, from: text)) != nil)
        let readable = text.indices.filter { (try? JSONDecoder().decode(ObjectList.self, from: text[..<$0])) != nil }
        #expect(readable.isEmpty)
    }

    @Test func `a big list that is cut anywhere is none`() throws {
        let body = try Recording("69").body
        for cut in stride(from: 1, to: body.count - 1, by: 7919) {
            #expect((try? JSONDecoder().decode(ObjectList.self, from: Data(body[..<cut]))) == nil, "cut at \(cut)")
        }
    }
}
