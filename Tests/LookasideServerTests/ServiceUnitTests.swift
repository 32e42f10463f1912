import Foundation
import Testing

@testable import LookasideServer

/// The unit for systemd agrees with the README and with what the server does.
struct ServiceUnitTests {
    /// The values of each key, by section, in the order of the file; an empty one takes back those before it, as systemd has it.
    private let sections: [String: [String: [String]]]
    private let readme: String

    init() throws {
        var sections: [String: [String: [String]]] = [:]
        var section = ""
        let text = try String(contentsOf: Manifest.deploy.appending(path: "lookaside.service"), encoding: .utf8)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("[") {
                section = String(line.dropFirst().dropLast())
                continue
            }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            try #require(parts.count == 2, "\(line)")
            sections[section, default: [:]][parts[0], default: []].append(parts[1])
        }
        self.sections = sections
        readme = try String(contentsOf: Manifest.deploy.appending(path: "../README.md"), encoding: .utf8)
    }

    private func service(_ key: String) -> [String] { sections["Service"]?[key] ?? [] }

    @Test func `the unit starts the binary with the configuration that the README names`() throws {
        let words = try #require(service("ExecStart").first).split(separator: " ").map(String.init)
        try #require(words.count == 4)
        #expect(words[0] == "/usr/local/bin/lookaside" && words[1...2] == ["serve", "--config"] && words[3] == "/etc/lookaside/lookaside.yaml")
        #expect(readme.contains("`\(words[0])`") && readme.contains("`\(words[3])`"))
        #expect(service("ExecReload") == ["/bin/kill -HUP $MAINPID"])
        #expect(sections["Install"]?["WantedBy"] == ["multi-user.target"])
    }

    @Test func `the state directory is the only place to write to`() throws {
        let directory = try #require(service("StateDirectory").first)
        #expect(readme.contains("`state_file: /var/lib/\(directory)/state.json`"))
        #expect(service("DynamicUser") == ["yes"] && service("ProtectSystem") == ["strict"] && service("ProtectHome") == ["yes"])
        #expect(service("StateDirectoryMode") == ["0700"] && service("UMask") == ["0077"] && service("ReadWritePaths").isEmpty)
    }

    @Test func `a server that cannot start is tried again for ever, unless that would not help`() throws {
        #expect(service("Restart") == ["on-failure"] && sections["Unit"]?["StartLimitIntervalSec"] == ["0"])
        // An invalid configuration, and arguments that are not understood.
        let statuses = try #require(service("RestartPreventExitStatus").first)
        #expect(statuses == "2 64")
        #expect(readme.contains("2 for an invalid configuration, 64 for arguments"))
        let stop = try #require(Int(service("TimeoutStopSec").first ?? ""))
        #expect(.seconds(stop) > Configuration().shutdownTimeout)
        #expect(Int(service("LimitNOFILE").first ?? "") ?? 0 >= Configuration().limits.connections)
    }

    @Test func `the unit may do nothing that it does not need`() {
        for key in [
            "NoNewPrivileges", "PrivateTmp", "PrivateDevices", "PrivateUsers", "ProtectClock", "ProtectControlGroups", "ProtectHostname",
            "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
            "LockPersonality", "MemoryDenyWriteExecute", "RemoveIPC",
        ] {
            #expect(service(key) == ["yes"], "\(key)")
        }
        #expect(service("CapabilityBoundingSet") == [""] && service("AmbientCapabilities") == [""])
        #expect(service("SystemCallFilter") == ["@system-service", "~@privileged @resources", "setpriority"])
        #expect(service("RestrictAddressFamilies") == ["AF_INET AF_INET6 AF_UNIX"])
    }
}
