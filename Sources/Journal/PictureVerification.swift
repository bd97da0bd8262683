package import ControlProtocol
import Glibc
package import Platform

/// What became of the pictures that a journal names. As `fsacctl verify --json` prints it.
package struct PictureReport: Codable, Sendable, Equatable {
    /// Pictures and heat maps of one class.
    package struct Row: Codable, Sendable, Equatable {
        /// That lines name.
        package var named: UInt64 = 0
        package var stored: UInt64 = 0
        /// Older than all that are stored: given way to newer ones.
        package var removed: UInt64 = 0
        /// Not there, and the event journal says so: the disk was full or too slow.
        package var dropped: UInt64 = 0
        /// Not there, though older ones are: on their way when the daemon was killed, or lost.
        package var missing: UInt64 = 0
        /// There, and no picture.
        package var damaged: UInt64 = 0
    }

    /// Names of those that are missing or damaged; the first 100.
    package var examples: [String] = []
    /// By class, see ``PictureClass``.
    package var classes: [String: Row] = [:]

    /// How many are missing or damaged.
    package var damage: UInt64 { classes.values.reduce(0) { $0 + $1.missing + $1.damaged } }

    package init() {}

    private enum CodingKeys: String, CodingKey { case examples, classes }
}

/// Looks at the pictures that lines name, in the order of the lines. It reads a few bytes of each.
package struct PictureVerification {
    private let stateDirectory: String
    private let disk: Disk
    private let isPicture: (_ start: [UInt8]) -> Bool
    package private(set) var report = PictureReport()
    /// Verdicts whose pictures may still wait for the disk: `images.queue_length` is 256 at most.
    private static let mostOnTheirWay = 300
    private var newest: [VerdictLine] = []

    /// What an event of the daemon says of pictures that it dropped.
    fileprivate struct Dropped {
        let numbers: ClosedRange<UInt64>
        /// Pictures that are not accounted for yet.
        var left: UInt64
    }

    /// In the order of the events, which is that of the numbers but for pictures that waited. Those of numbers that were looked at
    /// are taken out.
    private var dropped: [Dropped]

    /// - Parameters:
    ///   - events: of the event journal, in their order; those that tell nothing of pictures are left aside.
    ///   - isPicture: whether a file begins as a picture does; gets 8 bytes, fewer of a shorter file.
    package init(
        stateDirectory: String, disk: Disk = Disk(), events: [EventRecord] = [],
        isPicture: @escaping (_ start: [UInt8]) -> Bool
    ) {
        self.stateDirectory = stateDirectory
        self.disk = disk
        self.isPicture = isPicture
        dropped = events.compactMap(Dropped.init).sorted { $0.numbers.upperBound < $1.numbers.upperBound }.reversed()
    }

    /// Of a line whose picture may be on its way: the newest are looked at last.
    package mutating func look(at line: VerdictLine) {
        newest.append(line)
        if newest.count > Self.mostOnTheirWay { check(newest.removeFirst()) }
    }

    /// Looks at the rest.
    ///
    /// - Parameter patience: how long one of the newest that is not there is waited for.
    package mutating func finish(patience: Duration = .zero) {
        let before = (report, dropped)
        for line in newest { check(line) }
        if patience > .zero, report.damage > before.0.damage {
            MonotonicTime.sleep(patience)
            (report, dropped) = before
            for line in newest { check(line) }
        }
        newest = []
    }

    private mutating func check(_ line: VerdictLine) {
        let bytes = line.bytes[...]
        let paths = ["image", "heatmap"].compactMap { JournalLine.text(of: $0, in: bytes) }
        guard !paths.isEmpty,
            let verdict = JournalLine.text(of: "verdict", in: bytes).flatMap({ Verdict(rawValue: $0) })
        else { return }
        let isUncertain = JournalLine.hasFlag("uncertain", in: bytes)
        let pictureClass = PictureClass(verdict, isUncertain: isUncertain).rawValue
        var row = report.classes[pictureClass] ?? .init()
        for path in paths { look(at: path, of: line.sequence, &row) }
        report.classes[pictureClass] = row
    }

    private mutating func look(at path: String, of sequence: UInt64, _ row: inout PictureReport.Row) {
        row.named += 1
        // A line is only as trusted as its checksum: no path leads out of the state directory.
        guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else { return }
        let start: [UInt8]
        do {
            start = try disk.openForReading("\(stateDirectory)/\(path)").read(at: 0, count: 8)
        } catch {
            if error.errno == ENOENT, wasDropped(sequence) {
                row.dropped += 1
            } else if error.errno == ENOENT, row.stored + row.damaged == 0 {
                row.removed += 1
            } else {
                row.missing += 1
                note(path)
            }
            return
        }
        if isPicture(start) {
            row.stored += 1
        } else {
            row.damaged += 1
            note(path)
        }
    }

    /// Whether an event tells of a picture of this verdict that it was dropped; each picture that it tells of counts once.
    private mutating func wasDropped(_ sequence: UInt64) -> Bool {
        // Lines come in the order of their numbers.
        while let first = dropped.last, first.numbers.upperBound < sequence { dropped.removeLast() }
        // The few that were told at about the same time overlap.
        let place = dropped.indices.suffix(8).last { dropped[$0].numbers.contains(sequence) && dropped[$0].left > 0 }
        guard let place else { return false }
        dropped[place].left -= 1
        return true
    }

    private mutating func note(_ path: String) {
        if report.examples.count < 100 { report.examples.append(path) }
    }
}

extension PictureVerification.Dropped {
    fileprivate init?(_ event: EventRecord) {
        guard event.event == .picturesDropped, event.refused != true, case .count(let first)? = event.after["first"],
            case .count(let last)? = event.after["last"], case .count(let pictures)? = event.after["pictures"],
            let lower = UInt64(exactly: first), let upper = UInt64(exactly: last), lower <= upper,
            let left = UInt64(exactly: pictures)
        else { return nil }
        (numbers, self.left) = (lower...upper, left)
    }
}
