extension Configuration {
    /// The configuration of a demo: one file source, on a port of 127.0.0.1.
    init(demoPort: Int, peersFile: String) {
        self.init()
        listen = Listen(host: "127.0.0.1", port: UInt16(clamping: demoPort))
        sources = [Source(.file(File(path: peersFile)))]
    }
}
