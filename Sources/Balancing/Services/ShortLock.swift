internal import Glibc
internal import Synchronization

/// A value behind a lock that is held for some nanoseconds at a time.
///
/// A `Mutex` takes two atomic exchanges, and its waiters sleep in the kernel, which then hands the lock from one to the next:
/// with more threads than cores on one lock, each turn costs a switch of threads. Here the lock is given back with a plain
/// store, and who finds it taken tries again, then lets other threads run, then sleeps for 50 microseconds at a time, so that
/// a holder that lost its core gets it back. Nobody who holds it may block or call out.
struct ShortLock<Value>: ~Copyable, @unchecked Sendable {
    private let isLocked = Atomic(false)
    // Safe to share: only dereferenced by who holds the lock, and freed with it.
    private let value: UnsafeMutablePointer<Value>

    /// Makes a lock that is free.
    init(_ initialValue: consuming sending Value) {
        value = .allocate(capacity: 1)
        value.initialize(to: initialValue)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// Lends the value while nobody else has it.
    @inline(__always)
    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        if !tryLock() { wait() }
        defer { isLocked.store(false, ordering: .releasing) }
        return body(&value.pointee)
    }

    @inline(__always)
    private func tryLock() -> Bool {
        isLocked.compareExchange(expected: false, desired: true, successOrdering: .acquiring, failureOrdering: .relaxed).exchanged
    }

    /// Takes the lock when it is given back.
    @inline(never)
    private func wait() {
        var tries = 0
        repeat {
            tries += 1
            if tries > 200 {
                usleep(50)
            } else if tries > 100 {
                sched_yield()
            }
        } while isLocked.load(ordering: .relaxed) || !tryLock()
    }
}
