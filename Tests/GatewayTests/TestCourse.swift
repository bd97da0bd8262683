import ControlProtocol
import Gateway

/// A sink's course with a clock that the test sets, a receiver that it plays, and a journal of one camera.
struct TestCourse {
    static let journal = "7f3c9a10d2b4e856"

    var course: SinkCourse
    var now = ContinuousClock.now
    /// What the receiver got and has not answered.
    var underWay: [(ticket: SinkCourse.Ticket, parcel: SinkCourse.Parcel)] = []
    /// Numbers of the verdicts that came, each time that they came.
    var received: [UInt64] = []
    var states: [[UInt8]] = []
    var statistics: [[UInt8]] = []
    var gaps: [String] = []
    /// What is on the disk.
    var cursor = SinkCursor()
    var opens = 0

    /// What was put aside.
    var aside: [UInt64] = []
    var canPutAside = true

    init(_ settings: SinkSettings = .test, cursor: SinkCursor = SinkCursor()) {
        self.cursor = cursor
        course = SinkCourse(settings, station: "press-4", cursor: cursor, at: now)
    }

    /// Connected, and at the beginning of a journal that has `newest` lines.
    static func open(_ settings: SinkSettings = .test, newest: UInt64 = 0) -> TestCourse {
        var test = TestCourse(settings)
        test.begin(newest: newest)
        test.work()
        test.course.opened(at: test.now)
        test.work()
        return test
    }

    @discardableResult
    mutating func begin(_ kind: JournalKind = .verdicts, journal: String = journal, newest: UInt64) -> UInt64? {
        course.begin(kind, journal: journal, newest: newest)
    }

    mutating func verdicts(_ numbers: ClosedRange<UInt64>, _ verdict: Verdict = .ok) {
        for number in numbers { line(#"{"seq":\#(number),"camera":"camera1","verdict":"\#(verdict.rawValue)"}"#) }
    }

    mutating func line(_ text: String, _ kind: JournalKind = .verdicts) {
        guard let line = try? FeedLine(Array(text.utf8)) else { preconditionFailure("no line: \(text)") }
        course.take(kind, line)
    }

    /// Does what the course orders.
    mutating func work() {
        while let order = course.order(at: now) {
            switch order {
            case .open: opens += 1
            case .close(let words): course.closed(words, at: now, chance: 0.5)
            case .send(let tickets, let parcels):
                for (ticket, parcel) in zip(tickets, parcels) {
                    underWay.append((ticket, parcel))
                    note(parcel)
                }
            case .putAside(let kind, let messages):
                if canPutAside { aside += messages.map(\.first) }
                course.putAside(kind, canPutAside ? nil : "disk full", at: now)
            case .keep(let cursor):
                self.cursor = cursor
                course.kept(cursor, at: now)
            }
        }
    }

    private mutating func note(_ parcel: SinkCourse.Parcel) {
        switch parcel {
        case .state(let payload): states.append(payload)
        case .statistics(let payload): statistics.append(payload)
        case .line(let message) where message.subject == .gap:
            gaps.append(String(decoding: message.payload, as: UTF8.self))
        case .line(let message): received.append(message.place.seq)
        }
    }

    /// The receiver takes all that is under way, or the first so many.
    mutating func accept(_ count: Int = .max) {
        for (ticket, _) in underWay.prefix(count) { course.accepted(ticket, at: now) }
        underWay.removeFirst(min(count, underWay.count))
        work()
    }

    mutating func refuse(_ words: String = "0x87") {
        guard let (ticket, _) = underWay.first else { return }
        underWay.removeAll()
        course.refused(ticket, words, at: now, chance: 0.5)
        work()
    }

    mutating func lose(_ words: String = "gone", _ ending: SinkCourse.Ending = .failed) {
        underWay.removeAll()
        course.closed(words, ending, at: now, chance: 0.5)
    }

    mutating func wait(_ duration: Duration) {
        now += duration
        work()
    }

    /// A minute, the longest pause, and connected.
    mutating func comeBack() {
        wait(.seconds(60))
        course.opened(at: now)
        work()
    }
}

extension SinkSettings {
    /// All lines from the beginning, no events.
    static var test: SinkSettings {
        guard let address = BrokerAddress("mqtt://broker") else { preconditionFailure("no address") }
        var settings = SinkSettings(name: "mes", receiver: .mqtt(BrokerSettings(address: address)))
        settings.from = .start
        return settings
    }

    /// Batches of four.
    static var web: SinkSettings {
        var webhook = WebhookSettings(url: "http://qms")
        webhook.batch = 4
        var settings = SinkSettings(name: "qms", receiver: .webhook(webhook))
        (settings.from, settings.onRefused) = (.start, .skip)
        return settings
    }
}
