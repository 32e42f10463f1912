import Balancing
import Testing

@testable import LookasideServer

struct ConfigurationServicesTests {
    @Test func `a service takes the entry of its name, else the most specific glob, else the defaults`() throws {
        let configuration = try Configuration.valid(
            """
            services:
              "*": { panic_threshold: 0.1 }
              web-*: { panic_threshold: 0.2 }
              web-shop-*: { panic_threshold: 0.3 }
              web-shop-1: { panic_threshold: 0.4 }
              "*-longest-glob-of-all": { panic_threshold: 0.5 }
            """
        )
        let thresholds = ["a", "web-", "web-a", "web-shop-", "web-shop-2", "web-shop-1", "web-shop-longest-glob-of-all", "web"].map {
            configuration.settings(forService: $0).panicThreshold
        }
        #expect(thresholds == [0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.5, 0.1])
        #expect(try Configuration.valid("services: {web: {panic_threshold: 0}}").settings(forService: "api").panicThreshold == 0.25)
    }

    @Test func `an entry overrides the settings of all services field by field`() throws {
        let configuration = try Configuration.valid(Configuration.example)
        let web = configuration.settings(forService: "web-1")
        var expected = configuration.defaults
        expected.policy = .leastOutstanding
        expected.healthCheck.interval = .seconds(1)
        expected.healthCheck.enabled = false
        expected.logCheck.window = .seconds(30)
        #expect(web == expected)

        let shop = configuration.settings(forService: "web-shop")
        expected = configuration.defaults
        expected.panicThreshold = 0
        expected.slowStart = .zero
        expected.checkURL = ""
        #expect(shop == expected)
        #expect(configuration.settings(forService: "api") == configuration.defaults)
    }

    @Test func `the settings of all services may follow the entries in the file`() throws {
        let configuration = try Configuration.valid("services:\n  web: {policy: random}\nhealth_check: {interval: 9}")
        #expect(configuration.settings(forService: "web").healthCheck.interval == .seconds(9))
    }

    @Test(arguments: [
        ("web", "web", true), ("web", "web2", false), ("web", "we", false), ("*", "", true), ("*", "anything.at-all_1", true),
        ("web-*", "web-", true),
        ("web-*", "web", false), ("*-web", "a-web", true), ("*-web", "a-web-b", false), ("a*b*c", "abc", true), ("a*b*c", "a-b-b-c-c", true),
        ("a*b*c", "acb", false), ("w?b", "web", true), ("w?b", "wb", false), ("w?b", "weeb", false), ("?*", "", false), ("?*", "a", true),
        ("web", "Web", false), ("web", "*", false), ("*", "?", false), ("**", "a", true),
    ])
    func `a glob matches the whole name`(pattern: String, name: String, isMatch: Bool) throws {
        #expect(try #require(ServicePattern(pattern)).matches(name) == isMatch)
    }

    @Test(arguments: ["", ".", "..", "a b", "a/b", "é", "[ab]", String(repeating: "a", count: 254)]) func `a pattern is made of names and wildcards`(
        text: String
    ) {
        #expect(ServicePattern(text) == nil)
    }

    @Test(arguments: [
        ("web-*", "*-web", true), ("a*", "b*", false), ("a*c", "a*d", false), ("a*", "*a", true), ("a*b", "*ab", true), ("ab*", "a*c", true),
        ("a?", "?b", true), ("a?", "b?", false), ("a*", "a?", true), ("ab?", "?ab", false), ("aa?", "?aa", true), ("*", "**", true),
        ("web-*", "web-a*", false), ("web", "w*b", false), ("ab", "cd", false), ("*ab*", "*cd*", true), ("a??", "a?", false),
    ])
    func `two equally specific globs for one name are ambiguous`(left: String, right: String, isAmbiguous: Bool) throws {
        let left = try #require(ServicePattern(left))
        let right = try #require(ServicePattern(right))
        #expect(left.isAmbiguous(with: right) == isAmbiguous)
        #expect(right.isAmbiguous(with: left) == isAmbiguous)
    }

    @Test func `globs are ambiguous exactly when some name matches both`() throws {
        let letters = ["a", "b", "*", "?"]
        let names = ["a", "b"].flatMap { x in ["", "a", "b"].flatMap { y in ["", "a", "b"].flatMap { z in ["", "a", "b"].map { x + y + z + $0 } } } }
        let texts = letters.flatMap { x in letters.flatMap { y in ["", "a", "b", "*", "?"].map { x + y + $0 } } }
        let patterns = try texts.map { try #require(ServicePattern($0)) }.filter { !$0.isExact }
        for left in patterns {
            for right in patterns where left.literalCount == right.literalCount {
                // Four characters show it: the two have no more than four characters other than *, or one has no * and three at most.
                let shared = names.contains { left.matches($0) && right.matches($0) }
                #expect(left.isAmbiguous(with: right) == shared, "\(left) \(right)")
            }
        }
    }
}
