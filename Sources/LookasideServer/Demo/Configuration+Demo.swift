extension Configuration {
    /// The configuration of a demo: one file source, on a port of 127.0.0.1. Checks come every second, so that nobody has to wait
    /// for a backend that fails to leave.
    init(demoPort: Int, peersFile: String) {
        self.init()
        listen = Listen(host: "127.0.0.1", port: UInt16(clamping: demoPort))
        defaults.healthCheck.interval = .seconds(1)
        sources = [Source(.file(File(path: peersFile)))]
    }
}
