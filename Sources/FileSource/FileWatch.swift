/// Decides from repeated looks at a file when to read it.
///
/// Polling, because it is the one mechanism that sees everything: inotify watches an inode, so that each of rename,
/// truncation, and the swap of a symbolic link in any component of the path (as Kubernetes does in mounted volumes)
/// needs a watch of its own, and bind mounts and network file systems are not seen at all. A `stat` costs a microsecond.
///
/// A pure value. A file is read when two looks in a row agree and differ from what was read last: it is not read in the
/// middle of being truncated and written. One that changes from look to look is read all the same at every fourth, or it would
/// never be: whoever rewrites it that often replaces it by renaming. It is read once more ``looksUntilSecondReading`` looks later: a second change
/// within the granularity of the file system's timestamps (up to two seconds) leaves no other trace.
struct FileWatch {
    /// What one look at the path showed.
    enum Look: Equatable {
        /// A file that can be read.
        case file(FileStamp)
        /// Nothing that can be read: why.
        case unusable(String)
    }

    /// What to do after a look.
    enum Step: Equatable {
        /// Nothing.
        case wait
        /// Read the file; its content may turn out to be what is known already.
        case read
        /// Say that there is nothing to read.
        case fault(String)
    }

    /// How many looks after a reading the file is read again; at the interval of ``FileSource`` two seconds.
    static let looksUntilSecondReading = 40

    /// A file that differs in this many looks in a row is read without waiting for it to rest.
    private static let restlessLooksUntilReading = 4

    private var last: Look?
    private var restlessLooks = 0
    private var handled: Look?
    private var looksLeft: Int?

    /// Decides what to do after a look.
    mutating func decide(_ look: Look) -> Step {
        defer { last = look }
        guard look == last || isTiredOfWaiting(for: look) else { return .wait }
        restlessLooks = 0
        guard look == handled else {
            handled = look
            switch look {
            case .file:
                looksLeft = Self.looksUntilSecondReading
                return .read
            case .unusable(let reason):
                looksLeft = nil
                return .fault(reason)
            }
        }
        guard let looksLeft else { return .wait }
        self.looksLeft = looksLeft > 1 ? looksLeft - 1 : nil
        return looksLeft > 1 ? .wait : .read
    }

    private mutating func isTiredOfWaiting(for look: Look) -> Bool {
        guard case .file = look else {
            restlessLooks = 0
            return false
        }
        restlessLooks += 1
        return restlessLooks >= Self.restlessLooksUntilReading
    }

    /// Notes that reading failed, or that the file changed meanwhile: it is read again at the next look.
    mutating func readAgain() {
        handled = nil
    }
}
