import ControlProtocol
import HTTPTypes
import Hummingbird
import Journal
import NIOCore
import Platform
import ServiceLifecycle

/// Serves a journal's lines: a stretch of them, or as they come.
///
/// A client holds nothing but its place in the journal. One that reads slowly therefore costs no memory and holds
/// nobody up; if retention overtakes it, it is told with a ``TailGap`` which lines it missed.
struct LineFeed: Sendable {
    typealias Filter = @Sendable (VerdictLine) throws -> Bool

    /// Lines that are in memory at a time, for each client.
    private static let batch = 256
    /// Lines that a search for rare ones looks back over, a batch at a time.
    private static let searchDepth = 100_000

    let source: any VerdictSource
    /// For clients that follow; shared with other journals: half of the connections stay for questions.
    let places: Budget
    var framing = LineFraming.lines
    /// Of the state directory: both journals in it have the same.
    let identity: @Sendable () -> String?

    /// What a client asked to see.
    struct Selection: Sendable {
        var next: UInt64
        /// Nil = all lines.
        var filter: Filter?
        /// Lines still to send; nil = no end.
        var remaining: Int?
    }

    /// The parameters `since` and `limit`: lines from `since` on, a number or a time; without it the newest. Says in
    /// ``CutAnswer``'s fields where it ends before the journal does.
    func history(_ request: ControlRequest, where filter: Filter? = nil) async throws -> Response {
        let limit: Int = try request.query.number("limit") ?? 100
        guard (1...100_000).contains(limit) else {
            throw ControlError.invalidRequest("history: limit=\(limit): expected 1 to 100000")
        }
        var selection = try await selection(request, newest: limit, filter)
        selection.remaining = limit
        return stream { [selection] writer in
            var selection = selection
            let start = selection.next
            try await self.send(&selection, to: &writer)
            return try await self.cut(from: start, selection)
        }
    }

    /// What lies beyond an answer that began at `start`.
    private func cut(from start: UInt64, _ selection: Selection) async throws -> HTTPFields {
        var fields = HTTPFields()
        if selection.remaining == 0, selection.next <= source.lastSequence, let name = HTTPField.Name(CutAnswer.next) {
            fields[name] = "\(selection.next)"
        }
        let older = try await WorkLane.quick.run { try self.source.lines(before: start, count: 1) }
        if !older.isEmpty, let name = HTTPField.Name(CutAnswer.before) { fields[name] = "\(start)" }
        return fields
    }

    /// The parameters `since` and `last`: as ``history(_:where:)``, and then every new line until the client leaves.
    func tail(_ request: ControlRequest, where filter: Filter? = nil) async throws -> Response {
        let place = try place(for: request.computer)
        let selection = try await selection(request, newest: request.query.number("last") ?? 10, filter)
        return stream { writer in
            defer { withExtendedLifetime(place) {} }
            // A client that leaves sends nothing: only the end of its side of the connection shows it.
            try await request.connection.consumeWithCancellationOnInboundClose { [writer] _ in
                var (writer, selection) = (writer, selection)
                try await self.send(&selection, to: &writer)
                // Begins with a change, so that nothing between the first stretch and here is missed.
                for await _ in self.source.changes().cancelOnGracefulShutdown() {
                    try await self.send(&selection, to: &writer)
                }
            }
            return nil
        }
    }

    /// Say which journal's lines follow: a number is one of that journal alone.
    func headers(contentType: String) -> HTTPFields {
        var fields: HTTPFields = [.contentType: contentType]
        if let identity = identity(), let name = HTTPField.Name(JournalHeader.identity) { fields[name] = identity }
        return fields
    }

    /// Of a client that follows, as long as it is held on to.
    /// - Parameter computer: another one, whose places are counted.
    func place(for computer: String?) throws(ControlError) -> Budget.Share {
        guard let place = places.take(1, for: computer) else {
            let each = places.each < places.whole ? ", \(places.each) of one other computer" : ""
            throw ControlError(
                code: .unavailable,
                message: "tail: at most \(places.whole) clients follow the journal\(each), and so many do: try later")
        }
        return place
    }

    /// - Parameter newest: where to begin without `since`: that many lines (of those asked for) before the end.
    func selection(_ request: ControlRequest, newest: Int, _ filter: Filter? = nil) async throws -> Selection {
        let last = source.lastSequence
        if let text = request.query.text("since") {
            guard let since = UInt64(text) else {
                return Selection(next: try await start(of: try Self.time(text), before: last + 1), filter: filter)
            }
            guard since <= last + 1 else {
                throw ControlError.invalidRequest("tail: since=\(since): the journal ends at \(last)")
            }
            return Selection(next: max(1, since), filter: filter)
        }
        return Selection(next: try await start(newest: max(0, newest), filter, before: last + 1), filter: filter)
    }

    /// Sequence number of the first of the `count` newest lines; looks back over ``searchDepth`` lines at most.
    private func start(newest count: Int, _ filter: Filter?, before end: UInt64) async throws -> UInt64 {
        var (first, missing, seen) = (end, count, 0)
        while missing > 0, seen < Self.searchDepth {
            let lines = try await WorkLane.quick.run { [first] in
                try self.source.lines(before: first, count: Self.batch)
            }
            guard let oldest = lines.first else { break }
            let wanted = if let filter { try lines.filter(filter) } else { lines }
            if wanted.count >= missing { return wanted[wanted.count - missing].sequence }
            (first, missing, seen) = (oldest.sequence, missing - wanted.count, seen + lines.count)
        }
        return first
    }

    private static func time(_ text: String) throws -> String {
        guard let time = WallTime(rfc3339: text) else {
            throw ControlError.invalidRequest(
                "request: since=\(text.prefix(40)): expected a number or a time such as 2026-01-02T03:04:05Z")
        }
        return time.rfc3339
    }

    /// What every line of a journal has.
    private struct Dated: Decodable {
        var time: String
    }

    /// Sequence number of the first line that is not older than `time`, found by halving. Where the clock was set back,
    /// lines before it may have later times: those that are next to it count as well, an earlier day of it does not.
    private func start(of time: String, before end: UInt64) async throws -> UInt64 {
        func isOlder(_ line: VerdictLine) throws -> Bool {
            try ControlCoding.decode(Dated.self, from: line.bytes).time < time
        }
        var (low, high) = (UInt64(1), end)
        while low < high {
            let middle = low + (high - low) / 2
            let found = try await WorkLane.quick.run { try self.source.lines(from: middle, count: 1).first }
            if let found, found.sequence < high, try isOlder(found) {
                low = found.sequence + 1
            } else {
                high = middle
            }
        }
        while true {
            let lines = try await WorkLane.quick.run { [low] in try self.source.lines(before: low, count: Self.batch) }
            guard let first = try lines.first(where: { try !isOlder($0) }) else { return low }
            low = first.sequence
        }
    }

    /// - Parameter write: gives what comes behind the last line.
    private func stream(
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> HTTPFields?
    ) -> Response {
        Response(
            status: .ok, headers: headers(contentType: "application/jsonl"),
            body: ResponseBody { writer in
                try await writer.finish(try await write(&writer))
            })
    }

    /// Sends what the journal holds from `selection.next` on, and moves it past that.
    func send(_ selection: inout Selection, to writer: inout any ResponseBodyWriter) async throws {
        while selection.remaining ?? 1 > 0 {
            // On the lane, for old lines are on the disk; newer ones are in memory.
            let next = selection.next
            let lines = try await WorkLane.quick.run { try self.source.lines(from: next, count: Self.batch) }
            guard let newest = lines.last?.sequence else { return }
            var buffer = ByteBuffer()
            for line in lines where selection.remaining ?? 1 > 0 {
                try append(line, to: &buffer, &selection)
            }
            // Waits for a client that reads slowly, and holds one batch for it.
            if buffer.readableBytes > 0 { try await writer.write(buffer) }
            // What comes from here on is another change.
            if newest >= source.lastSequence { return }
        }
    }

    private func append(_ line: VerdictLine, to buffer: inout ByteBuffer, _ selection: inout Selection) throws {
        if line.sequence > selection.next {
            try framing.write(TailGap(from: selection.next, to: line.sequence - 1), to: &buffer)
        }
        selection.next = line.sequence + 1
        if let filter = selection.filter, try !filter(line) { return }
        framing.write(line, to: &buffer)
        selection.remaining = selection.remaining.map { $0 - 1 }
    }
}
