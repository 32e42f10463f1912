import CLinux
import Glibc

/// An epoll descriptor: level-triggered, for one thread.
struct Poller: ~Copyable {
    private let descriptor: CInt

    init() throws(HTTPTransportError) {
        descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard descriptor >= 0 else {
            throw HTTPTransportError(systemCall: "epoll_create1", errno)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Watches a descriptor for these events, and no longer for others. A refusal for lack of memory leaves a transfer to its deadline.
    func watch(_ watched: CInt, for events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.fd = watched
        // The kernel forgets a closed descriptor by itself, so what is known here cannot tell whether to add or to change.
        if epoll_ctl(descriptor, EPOLL_CTL_MOD, watched, &event) != 0, errno == ENOENT {
            epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event)
        }
    }

    /// Watches a descriptor no longer; one that is closed already is fine.
    func unwatch(_ watched: CInt) {
        epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, nil)
    }

    /// Waits for events, at most so long (negative: for ever), and gives how many are in `events`; an interruption counts as none.
    func wait(_ events: inout [epoll_event], milliseconds: CInt) -> Int {
        max(0, Int(epoll_wait(descriptor, &events, CInt(events.count), milliseconds)))
    }
}
