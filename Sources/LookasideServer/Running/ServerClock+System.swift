internal import Balancing
internal import Glibc

extension ServerClock {
    /// The clocks of this machine.
    static var system: ServerClock {
        ServerClock(
            second: { UInt32(truncatingIfNeeded: read(CLOCK_MONOTONIC_COARSE).tv_sec) },
            wallTime: {
                let now = read(CLOCK_REALTIME)
                return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
            }
        )
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        clock_gettime(clock, &now)
        return now
    }
}
