import Glibc
import Platform
import Synchronization

/// What came back from a receiver.
enum LinkEvent: Sendable, Equatable {
    case opened
    /// - Parameter leastPause: what the receiver asked for.
    case closed(String, SinkCourse.Ending = .failed, leastPause: Duration = .zero)
    case accepted(SinkCourse.Ticket)
    case refused(SinkCourse.Ticket, String)
}

/// A way to a receiver. Used by one thread alone, the sink's.
protocol SinkLink: SendableMetatype {
    /// Begins to reach the receiver. May block for as long as the network does.
    mutating func open()
    mutating func send(_ tickets: [SinkCourse.Ticket], _ parcels: [SinkCourse.Parcel])
    mutating func close()
    /// Waits for the receiver, for a wake or for the time, and gives what has happened since the last call.
    mutating func wait(_ wake: WakeSignal, atMost limit: Duration) -> [LinkEvent]
    /// The end of the program, told to the receiver within `limit`, as far as it has to know.
    mutating func finish(_ wake: WakeSignal, within limit: Duration) -> [LinkEvent]
}

/// One sink at work: the course, and the thread that does what it orders. Its feeds and whoever knows the state of the line speak to
/// the course from threads of their own, and wait for nobody.
final class SinkLoop: Sendable {
    /// No order is due later than this after its reason.
    private static let tick = Duration.milliseconds(200)
    private static let farewell = Duration.seconds(1)

    let settings: SinkSettings
    let station: String
    let course: Monitor<SinkCourse>
    let wake = WakeSignal()
    /// Of the thread; whoever reads it sees whether it moves.
    let turns = Atomic<UInt64>(0)
    private let files: SinkFiles
    private let stage = Monitor(Stage.running)

    private enum Stage { case running, stopping, stopped }

    init(_ settings: SinkSettings, station: String, cursor: SinkCursor, files: SinkFiles) {
        self.settings = settings
        self.station = station
        self.files = files
        course = Monitor(SinkCourse(settings, station: station, cursor: cursor, at: .now))
    }

    /// - Parameter link: made on the sink's thread, which alone has it.
    func start(_ link: @escaping @Sendable () -> some SinkLink) {
        NamedThread.start("fsac-sink") { [self] in
            var link = link()
            while stage.read({ $0 == .running }) { turn(&link) }
            take(link.finish(wake, within: Self.farewell))
            if let cursor = course.read(\.lastKeep) { keep(cursor) }
            stage.withLock { $0 = .stopped }
        }
    }

    /// Tells the receiver that this is an end, and not a failure, as far as time allows.
    func stop() {
        stage.withLock { $0 = .stopping }
        wake.wake()
    }

    /// - Returns: whether it has stopped by then.
    func waitForEnd(within limit: Duration) -> Bool {
        stage.wait(timeout: limit) { $0 == .stopped ? true : nil } == true
    }

    private func turn(_ link: inout some SinkLink) {
        turns.wrappingAdd(1, ordering: .relaxed)
        // Also in the middle of a long row of lines there may be an end.
        while stage.read({ $0 == .running }), let order = course.withLock({ $0.order(at: .now) }) {
            switch order {
            case .open: link.open()
            case .close(let words):
                link.close()
                take([.closed(words)])
            case .send(let tickets, let parcels): link.send(tickets, parcels)
            case .putAside(let kind, let messages): putAside(kind, messages)
            case .keep(let cursor): keep(cursor)
            }
            // What came back meanwhile is not to wait for a long row of orders.
            take(link.wait(wake, atMost: .zero))
        }
        take(link.wait(wake, atMost: Self.tick))
    }

    private func keep(_ cursor: SinkCursor) {
        do {
            try files.keep(cursor, of: settings.name)
            course.withLock { $0.kept(cursor, at: .now) }
        } catch {
            let words = "its place in the journal cannot be kept: \(ErrorWords.of(error))"
            if course.read(\.keepTrouble) != words { GatewayLog.say(.error, "sink \(settings.name): \(words)") }
            course.withLock { $0.notKept(words, at: .now) }
        }
    }

    private func putAside(_ kind: JournalKind, _ messages: [SinkMessage]) {
        var failure: String?
        do {
            let path = try files.putAside(messages, of: settings.name)
            GatewayLog.say(.error, "sink \(settings.name): refused three times and put aside: \(path)")
        } catch {
            failure = "refused, and cannot be put aside: \(ErrorWords.of(error))"
            GatewayLog.say(.error, "sink \(settings.name): \(failure ?? "")")
        }
        course.withLock { $0.putAside(kind, failure, at: .now) }
    }

    private func take(_ events: [LinkEvent]) {
        guard !events.isEmpty else { return }
        let (before, after) = course.withLock { course in
            let before = course.report
            for event in events {
                let chance = Double.random(in: 0..<1)
                switch event {
                case .opened: course.opened(at: .now)
                case .closed(let words, let ending, let leastPause):
                    course.closed(words, ending, at: .now, chance: chance, leastPause: leastPause)
                case .accepted(let ticket): course.accepted(ticket, at: .now)
                case .refused(let ticket, let words): course.refused(ticket, words, at: .now, chance: chance)
                }
            }
            return (before, course.report)
        }
        tell(before, after)
    }

    /// Changes, not each try.
    private func tell(_ before: SinkReport, _ after: SinkReport) {
        guard before.state != after.state || before.reason != after.reason else { return }
        let words = after.reason.map { ": \($0)" } ?? ""
        let level: GatewayLog.Level = after.state == .delivering ? .notice : .warning
        // Between two tries: nothing new.
        guard after.state != .connecting else { return }
        GatewayLog.say(level, "sink \(settings.name): \(after.state.rawValue)\(words)")
    }
}
