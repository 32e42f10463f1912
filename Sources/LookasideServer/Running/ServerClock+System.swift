internal import Balancing
internal import Glibc

extension ServerClock {
    /// The clocks of this machine.
    static var system: ServerClock {
        ServerClock(
            now: {
                let now = read(CLOCK_MONOTONIC_COARSE)
                return Moment(milliseconds: UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000)
            },
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
