import Glibc

/// The number of files and sockets that the process may have open.
enum FileDescriptorLimit {
    /// Raises the soft limit to the hard one. The soft limit is often 1,024, for the sake of programs that call `select`; this one does not.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
