/// A text in Prometheus's exposition format, version 0.0.4, written into one buffer.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/. The caller writes all samples of a metric after its description.
struct Exposition {
    /// The media type of the text.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The types of metrics.
    enum Kind: String {
        case counter, gauge, histogram, summary
    }

    /// The text so far.
    private(set) var bytes: [UInt8] = []

    /// Makes an empty text.
    ///
    /// - Parameter capacity: the bytes to make room for.
    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes what a metric is, before its samples.
    mutating func describe(_ name: String, _ kind: Kind, _ help: String) {
        append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// Writes one sample.
    mutating func sample(_ name: String, _ labels: Labels, _ value: some Numeric & LosslessStringConvertible) {
        append(name)
        if !labels.bytes.isEmpty {
            bytes.append(UInt8(ascii: "{"))
            bytes.append(contentsOf: labels.bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
        append(value.description)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Writes a metric that has one sample, without labels.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some Numeric & LosslessStringConvertible) {
        describe(name, kind, help)
        sample(name, Labels(), value)
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// The labels of a sample, escaped once for all the samples that carry them.
    struct Labels {
        fileprivate private(set) var bytes: [UInt8] = []

        /// Makes no labels.
        init() {}

        /// Makes one label.
        init(_ name: String, _ value: String) {
            append(name, value)
        }

        /// These labels and another one.
        func adding(_ name: String, _ value: String) -> Labels {
            var labels = self
            labels.append(name, value)
            return labels
        }

        private mutating func append(_ name: String, _ value: String) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            for byte in value.utf8 {
                switch byte {
                case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
                case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
                case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
                default: bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
    }
}
