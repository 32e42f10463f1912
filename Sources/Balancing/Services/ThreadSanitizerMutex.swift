#if THREAD_SANITIZER
    internal import Glibc

    /// Takes the place of `Synchronization.Mutex` in a build for ThreadSanitizer, which does not see locks that wait on a futex.
    ///
    /// `deploy/test --slow` makes that build; no other has this type.
    struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        // Safe to share: the value is only dereferenced by who holds the lock, and both are freed with it.
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

        /// Makes a lock that is free.
        init(_ initialValue: consuming sending Value) {
            pthread_mutex_init(lock, nil)
            value.initialize(to: initialValue)
        }

        deinit {
            value.deinitialize(count: 1)
            value.deallocate()
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        /// Lends the value while nobody else has it.
        borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value.pointee)
        }
    }
#endif
