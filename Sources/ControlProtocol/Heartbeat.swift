/// An event of `GET /v1/stream` that says that the daemon is there, at a fixed pace: whoever gets none for a while knows nothing of
/// the line any more.
///
/// The events of the stream, by their names: `verdict` (a journal line, with its number as `id`), `gap` (``TailGap``), `state`
/// (``StatusReply``, at the beginning and whenever something of it is different), `heartbeat`.
package struct Heartbeat: Codable, Sendable, Equatable {
    /// RFC 3339 with microseconds, UTC, by the daemon's wall clock.
    package var now: String
    /// Of the monotonic clock: who compares it with a clock of its own sees when it reads old news.
    package var uptimeSeconds: Double
    /// Of the newest journal line. Lines up to it came before this.
    package var lastSequence: UInt64
    package var state: LineState

    package init(now: String, uptimeSeconds: Double, lastSequence: UInt64, state: LineState) {
        self.now = now
        self.uptimeSeconds = uptimeSeconds
        self.lastSequence = lastSequence
        self.state = state
    }

    private enum CodingKeys: String, CodingKey {
        case now, state
        case uptimeSeconds = "uptime_s"
        case lastSequence = "last_seq"
    }
}
