import Glibc

/// Ends the wait of a thread that polls sockets, from any other thread.
final class WakeSignal: Sendable {
    /// Readable once somebody has woken.
    let descriptor: CInt
    private let writeEnd: CInt

    init() {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { preconditionFailure("sinks: no pipe: errno \(errno)") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            // Who wakes never waits, and a full pipe wakes, too.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (descriptor, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writeEnd)
    }

    func wake() {
        var byte: UInt8 = 0
        _ = write(writeEnd, &byte, 1)
    }

    /// Waits for somebody who wakes, for `descriptor` (its `events`), or for the time.
    func wait(_ other: CInt = -1, _ events: CInt = POLLIN, atMost limit: Duration) {
        var polls = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        if other >= 0 { polls.append(pollfd(fd: other, events: Int16(events), revents: 0)) }
        let milliseconds = CInt(max(0, min(60_000, limit / .milliseconds(1))).rounded(.up))
        guard poll(&polls, nfds_t(polls.count), milliseconds) > 0, polls[0].revents != 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(descriptor, &bytes, bytes.count) == bytes.count {}
    }
}
