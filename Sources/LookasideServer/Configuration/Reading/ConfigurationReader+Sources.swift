extension ConfigurationReader {
    /// Reads `sources`; nil when the key is absent or a source is wrong.
    func readSources(_ section: ConfigurationSection) -> [Configuration.Source]? {
        guard let items = section.items("sources", expecting: "a list of sources", allowsEmpty: false) else { return nil }
        var sources: [Configuration.Source] = []
        for item in items {
            diagnostics.readSection(item) { readSource($0, into: &sources) }
        }
        return sources.count == items.count ? sources : nil
    }

    private func readSource(_ item: ConfigurationSection, into sources: inout [Configuration.Source]) {
        let others = sources
        item.readSection("etcd") { sources.append(source(.etcd(readEtcd($0)), $0, others: others)) }
        item.readSection("kubernetes") { sources.append(source(.kubernetes(readKubernetes($0)), $0, others: others)) }
        item.readSection("file") { section in
            var file = defaultFile
            section.read("path", path, into: &file.path)
            sources.append(source(.file(file), section, others: others))
        }
        let kinds = ["etcd", "kubernetes", "file"].filter(item.has)
        if kinds.count > 1 || item.entries.isEmpty {
            let found = kinds.isEmpty ? "an empty mapping" : kinds.joined(separator: " and ")
            diagnostics.fail(item.path, at: item.position, "found \(found), expected exactly one of etcd, kubernetes or file")
        }
    }

    /// Reads what every kind of source has.
    private func source(
        _ kind: Configuration.Source.Kind,
        _ section: ConfigurationSection,
        others: [Configuration.Source]
    ) -> Configuration.Source {
        var source = Configuration.Source(kind)
        let name = ConfigurationRule<String>.text.where("letters, digits, - _ .") { ServicePattern($0)?.isExact == true }
        section.read("name", name, into: &source.name)
        section.read("empty_guard", .duration(orZero: true), into: &source.emptyGuard)
        if let other = others.firstIndex(where: { $0.name == source.name }) {
            section.fail("name", "found \(source.name.quotedForMessage), the name of sources[\(other)], expected another name")
        }
        return source
    }

    private func readEtcd(_ section: ConfigurationSection) -> Configuration.Etcd {
        let endpoints = "a list of http or https URLs"
        section.require("endpoints", endpoints)
        var etcd = Configuration.Etcd(endpoints: section.readList("endpoints", of: .serverURL, expecting: endpoints, allowsEmpty: false) ?? [])
        section.read("prefix", .text, into: &etcd.prefix)
        etcd.prefix = (etcd.prefix.hasPrefix("/") ? "" : "/") + etcd.prefix
        etcd.prefix += etcd.prefix.hasSuffix("/") ? "" : "/"
        section.read("api", .choice, into: &etcd.api)
        section.read("username", .name, into: &etcd.username)
        section.read("password_file", path, into: &etcd.passwordFile)
        section.requireTogether("username", "password_file")
        section.read("ca_file", path, into: &etcd.caFile)
        section.read("cert_file", path, into: &etcd.certFile)
        section.read("key_file", path, into: &etcd.keyFile)
        section.requireTogether("cert_file", "key_file")
        return etcd
    }

    private func readKubernetes(_ section: ConfigurationSection) -> Configuration.Kubernetes {
        var kubernetes = Configuration.Kubernetes()
        section.read("server", .serverURL, into: &kubernetes.server)
        section.read("kubeconfig", path, into: &kubernetes.kubeconfig)
        if section.has("server"), section.has("kubeconfig") {
            section.fail("kubeconfig", "found beside server, expected only one of the two")
        }
        for key in ["token_file", "ca_file", "cert_file", "key_file"] where section.has("kubeconfig") && section.has(key) {
            section.fail(key, "found beside kubeconfig, which says that itself")
        }
        section.read("namespace", .namespace, into: &kubernetes.namespace)
        section.read("token_file", path, into: &kubernetes.tokenFile)
        section.read("ca_file", path, into: &kubernetes.caFile)
        section.read("cert_file", path, into: &kubernetes.certFile)
        section.read("key_file", path, into: &kubernetes.keyFile)
        section.requireTogether("cert_file", "key_file")
        section.read("resource", .choice, into: &kubernetes.resource)
        section.read("port_name", .name, into: &kubernetes.portName)
        section.read("port", .integer(in: 1...65535), into: &kubernetes.port)
        section.read("label_selector", .name, into: &kubernetes.labelSelector)
        section.read("weight", .number(in: 0...65535), into: &kubernetes.weight)
        section.read("slow_start", .duration(orZero: true), into: &kubernetes.slowStart)
        section.read("check_url", .checkURL, into: &kubernetes.checkURL)
        return kubernetes
    }
}

extension ConfigurationRule where Value == String {
    /// A Kubernetes namespace (an RFC 1123 label), or `*` for all.
    fileprivate static var namespace: Self {
        text.where("a namespace (lower-case letters, digits, -) or \"*\"") { name in
            let isLabel = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
            return name == "*" || (isLabel && (1...63).contains(name.utf8.count) && !name.hasPrefix("-") && !name.hasSuffix("-"))
        }
    }
}
