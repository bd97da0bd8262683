/// What a look at all lines of a journal found. As `fsacctl verify --json` prints it.
package struct JournalReport: Codable, Sendable, Equatable {
    package struct Finding: Codable, Sendable, Equatable, CustomStringConvertible {
        package enum Kind: String, Codable, Sendable {
            /// A line that is not what was once written.
            case damaged
            /// Numbers that no line has, and that were not left out on purpose.
            case missing
            /// A number that an earlier line has.
            case twice
            /// A number below that of an earlier line.
            case order
            /// A segment that does not go on behind the line before it: another one was in its place.
            case untied
            /// A segment that could not be read.
            case unreadable
            /// A mark of a start that found damage here.
            case marked
            /// Lines that are sound, and not those that an anchor was made of; or an anchor that is not the one that was kept.
            case changed
        }

        package var kind: Kind
        /// The segment, below the state directory.
        package var file: String
        /// The line in it, from 1; absent when it is the whole segment.
        package var line: Int?
        /// The first and the last number that are concerned, if known.
        package var from: UInt64?
        package var to: UInt64?
        package var reason: String?

        package init(
            _ kind: Kind, file: String, line: Int? = nil, from: UInt64? = nil, to: UInt64? = nil, reason: String? = nil
        ) {
            self.kind = kind
            self.file = file
            self.line = line
            self.from = from
            self.to = to
            self.reason = reason
        }

        package var description: String {
            let place = file + (line.map { ":\($0)" } ?? "")
            let numbers =
                switch (from, to) {
                case (let from?, let to?) where from != to: " numbers \(from) to \(to)"
                case (let from?, _): " number \(from)"
                default: ""
                }
            let words =
                switch kind {
                case .damaged: "a line that is not what was written"
                case .missing: "missing"
                case .twice: "there twice"
                case .order: "out of order"
                case .untied: "does not go on behind the line before it"
                case .unreadable: "cannot be read"
                case .marked: "a start found damage here: remove this mark once somebody has looked"
                case .changed: "not what was written"
                }
            return "\(place):\(numbers)\(numbers.isEmpty ? " " : ": ")\(words)" + (reason.map { ": \($0)" } ?? "")
        }
    }

    /// Findings that are listed; more are only counted.
    package static let mostFindings = 1000

    package var segments = 0
    package var lines: UInt64 = 0
    /// Numbers of the oldest and of the newest line; absent without any.
    package var first: UInt64?
    package var last: UInt64?
    /// Numbers that were left out on purpose: reserved by a run that was killed.
    package var leftOut: UInt64 = 0
    /// Torn ends that were set aside: what a power cut left of lines that nobody had seen as synced.
    package var setAside = 0
    package var findings: [Finding] = []
    /// How many there are, also of those that are not listed.
    package var damage = 0

    package init() {}

    mutating func add(_ finding: Finding) {
        damage += 1
        if findings.count < Self.mostFindings { findings.append(finding) }
    }

    private enum CodingKeys: String, CodingKey {
        case segments, lines, first, last, findings, damage
        case leftOut = "left_out"
        case setAside = "set_aside"
    }
}
