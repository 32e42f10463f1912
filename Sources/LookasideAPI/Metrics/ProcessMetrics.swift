internal import FoundationEssentials
internal import Glibc

/// What the system says of this process, by the names that Prometheus's client libraries give it.
///
/// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics. Read from `/proc` (proc(5)); what cannot be read is left out.
struct ProcessMetrics {
    private let residentBytes: Int?
    private let processorSeconds: Double?
    private let startTime: Double?
    private let openDescriptors: Int?

    /// Reads the measures of the moment.
    init() {
        // What follows the program's name, which may hold spaces and parentheses: the fields from the third on.
        let fields = Self.text("/proc/self/stat").map { $0[($0.lastIndex(of: ")") ?? $0.startIndex)...].split(separator: " ").dropFirst() }
        func field(_ number: Int) -> Int? {
            guard let fields, number - 3 < fields.count else { return nil }
            return Int(fields[fields.startIndex + number - 3])
        }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = field(24).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
        processorSeconds = field(14).flatMap { user in field(15).map { Double(user + $0) / ticks } }
        startTime = field(22).flatMap { start in Self.bootTime.map { $0 + Double(start) / ticks } }
        // Reading the directory takes a descriptor of its own.
        openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { $0.count - 1 }
    }

    /// When the system started, in seconds since 1970.
    private static var bootTime: Double? {
        text("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func text(_ path: String) -> String? {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes the metrics.
    func write(to text: inout Exposition) {
        if let residentBytes {
            text.single("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.", residentBytes)
        }
        if let processorSeconds {
            text.single("process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.", processorSeconds)
        }
        if let openDescriptors {
            text.single("process_open_fds", .gauge, "Number of open file descriptors.", openDescriptors)
        }
        if let startTime {
            text.single("process_start_time_seconds", .gauge, "Start time of the process since the Unix epoch in seconds.", startTime)
        }
    }
}
