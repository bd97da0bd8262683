import ControlProtocol
import HTTPTypes
import Hummingbird
import Journal
import NIOCore
import Platform
import ServiceLifecycle

/// All that a screen shows of the line, as one stream of server-sent events: verdicts, the line's state, and a sign of life
/// (``Heartbeat``).
///
/// As with ``LineFeed`` a client holds nothing but its place: one that reads slowly gets fewer signs of life, and costs the line
/// nothing.
struct LineStream: Sendable {
    private let feed: LineFeed
    private let status: @Sendable () async throws -> StatusReply

    /// - Parameter status: of the line, now.
    init(verdicts: any VerdictSource, places: Budget, status: @escaping @Sendable () async throws -> StatusReply) {
        feed = LineFeed(source: verdicts, places: places, framing: .events) { verdicts.identity }
        self.status = status
    }

    /// The parameters `since` and `last` as of ``LineFeed/tail(_:where:)``, none of the older lines without them; `heartbeat_ms`.
    ///
    /// A browser that comes back by itself says which line it got last, and goes on behind it.
    @Sendable func follow(_ request: ControlRequest) async throws -> Response {
        let milliseconds: Int = try request.query.number("heartbeat_ms") ?? 1000
        guard (100...10_000).contains(milliseconds) else {
            throw ControlError.invalidRequest("stream: heartbeat_ms=\(milliseconds): expected 100 to 10000")
        }
        let place = try feed.place(for: request.computer)
        var selection = try await feed.selection(request, newest: request.query.number("last") ?? 0)
        // Of another journal's number nothing follows.
        if let last = request.lastEvent, last <= feed.source.lastSequence { selection.next = last + 1 }
        var headers = feed.headers(contentType: "text/event-stream")
        headers[.cacheControl] = "no-store"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { [selection] writer in
                defer { withExtendedLifetime(place) {} }
                // A client that leaves sends nothing: only the end of its side of the connection shows it.
                try await request.connection.consumeWithCancellationOnInboundClose { [writer] _ in
                    var writer = writer
                    try await send(selection, every: .milliseconds(milliseconds), to: &writer)
                }
                try await writer.finish(nil)
            })
    }

    private func send(
        _ selection: LineFeed.Selection, every period: Duration, to writer: inout any ResponseBodyWriter
    ) async throws {
        var (selection, shown, due) = (selection, StatusReply?.none, ContinuousClock.now)
        for await _ in wakes(every: period).cancelOnGracefulShutdown() {
            // First of all how the line is: by that the lines are read.
            if shown == nil { _ = try await show(&shown, to: &writer) }
            try await feed.send(&selection, to: &writer)
            guard .now >= due else { continue }
            // By the clock, not by when the client took the one before.
            due = max(due + period, .now)
            let status = try await show(&shown, to: &writer)
            let heartbeat = Heartbeat(
                now: WallTime.now.rfc3339, uptimeSeconds: status.uptimeSeconds, lastSequence: selection.next - 1,
                state: status.state)
            var buffer = ByteBuffer()
            buffer.writeEvent("heartbeat", try ControlCoding.encode(heartbeat))
            try await writer.write(buffer)
        }
    }

    /// Tells the state if it is another one than was shown.
    ///
    /// - Returns: the state now.
    private func show(_ shown: inout StatusReply?, to writer: inout any ResponseBodyWriter) async throws -> StatusReply
    {
        let status = try await status()
        var comparable = status
        // These are different each time, and say nothing new.
        (comparable.uptimeSeconds, comparable.storage.freeBytes) = (0, 0)
        guard comparable != shown else { return status }
        shown = comparable
        var buffer = ByteBuffer()
        buffer.writeEvent("state", try ControlCoding.encode(status))
        try await writer.write(buffer)
        return status
    }

    /// At once, after each change of the journal, and at the latest each `period`; several in one. Ends with the journal.
    private func wakes(every period: Duration) -> AsyncStream<Void> {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let lines = Task {
            for await _ in feed.source.changes() { wake.yield() }
            wake.finish()
        }
        // Only cancellation ends a sleep early.
        let time = Task { while (try? await Task.sleep(for: period)) != nil { wake.yield() } }
        wake.onTermination = { _ in
            lines.cancel()
            time.cancel()
        }
        return wakes
    }
}
