internal import Glibc

/// Why a state file cannot be read or written, in words for operators.
struct StateFileError: Error, Equatable, CustomStringConvertible {
    /// The reason.
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// What a system call says.
    init(_ call: String, _ path: String, _ number: CInt) {
        self.init("\(call) \(path): \(String(cString: strerror(number)))")
    }
}
