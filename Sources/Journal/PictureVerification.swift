import ControlProtocol
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
        /// Not there, though older ones are: dropped when the disk was full or too slow, on their way when the daemon was killed,
        /// or lost.
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

    /// - Parameter isPicture: whether a file begins as a picture does; gets 8 bytes, fewer of a shorter file.
    package init(stateDirectory: String, disk: Disk = Disk(), isPicture: @escaping (_ start: [UInt8]) -> Bool) {
        self.stateDirectory = stateDirectory
        self.disk = disk
        self.isPicture = isPicture
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
        let before = report
        for line in newest { check(line) }
        if patience > .zero, report.damage > before.damage {
            MonotonicTime.sleep(patience)
            report = before
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
        for path in paths { look(at: path, &row) }
        report.classes[pictureClass] = row
    }

    private mutating func look(at path: String, _ row: inout PictureReport.Row) {
        row.named += 1
        // A line is only as trusted as its checksum: no path leads out of the state directory.
        guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else { return }
        let start: [UInt8]
        do {
            start = try disk.openForReading("\(stateDirectory)/\(path)").read(at: 0, count: 8)
        } catch {
            guard error.errno == ENOENT, row.stored + row.damaged == 0 else {
                row.missing += 1
                return note(path)
            }
            row.removed += 1
            return
        }
        if isPicture(start) {
            row.stored += 1
        } else {
            row.damaged += 1
            note(path)
        }
    }

    private mutating func note(_ path: String) {
        if report.examples.count < 100 { report.examples.append(path) }
    }
}
