import ControlProtocol
import Daemon
import FoundationEssentials
import Glibc
import Journal
import Platform
import Synchronization
import TestSupport

/// A journal folder, and short ways to write and read it.
struct JournalHarness {
    let state: TemporaryFolder
    var settings = JournalSettings()

    init() throws {
        state = try TemporaryFolder()
        settings.retryInterval = .zero
    }

    var folder: String { "\(state.path)/journal" }

    static func record(
        _ seq: UInt64, stored: InspectionRecord.Stored = .written, verdict: Verdict = .ok, frame: String = "a.jpg"
    ) -> InspectionRecord {
        InspectionRecord(
            seq: seq, time: "2026-01-02T03:04:05.678901Z", camera: "camera1", recipe: "bottle", generation: 3,
            frame: frame, part: nil, verdict: verdict, cause: verdict == .invalid ? "no_model" : nil, score: 0.25,
            limit: 0.5, regions: [], latency: .init(wait: 0.5, total: 20.25), image: nil, heatmap: nil,
            stored: stored)
    }

    func start(_ disk: Disk = Disk()) -> JournalStart { JournalRecovery.run(folder: folder, disk: disk) }

    func writer(_ disk: Disk = Disk()) -> NumberedWriter {
        NumberedWriter(JournalWriter(start(disk), folder: folder, settings: settings, disk: disk))
    }

    /// Appends lines to what is there, as one run of the daemon does.
    ///
    /// - Parameter isCrash: whether the run ends with a crash, after everything was synced.
    @discardableResult
    func write(_ count: Int, isCrash: Bool = false, frame: String = "a.jpg") throws -> [VerdictLine] {
        var writer = writer()
        let lines = try (0..<count).map { _ in try writer.append(synced: false, frame: frame) }
        if isCrash { writer.writer.sync() } else { writer.writer.finish() }
        return lines
    }

    func read(from first: UInt64 = 1, count: Int = .max) throws -> [VerdictLine] {
        try JournalReader(folder: folder).lines(from: first, below: .max, count: count)
    }

    func sequences() throws -> [UInt64] { try read().map(\.sequence) }

    func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(name)"))) }

    /// Of the folder, but for the room that is set aside.
    func names() throws -> [String] { try state.names(in: "journal").filter { !$0.hasPrefix("spare-") } }
}

extension JournalSettings {
    /// For tests of something else than the patience with a disk, on machines that may be busy.
    static var patient: JournalSettings {
        var settings = JournalSettings()
        settings.patience = .seconds(100)
        return settings
    }
}

extension VerdictJournal {
    /// Waits until its thread is there: on a machine that tests keep busy that may take longer than the journal's patience.
    func waitForThread() {
        while identity == nil && health.anonymity == nil && health.failure == nil { usleep(10_000) }
    }
}

/// A writer whose lines are numbered, and show what is true of them, as the journal does it.
struct NumberedWriter {
    var writer: JournalWriter
    private var numbers: Range<UInt64>?

    init(_ writer: JournalWriter) { self.writer = writer }

    /// - Throws: when there are no numbers.
    mutating func append(synced: Bool, frame: String = "a.jpg") throws -> VerdictLine {
        let left = try numbers.flatMap { $0.isEmpty ? nil : $0 } ?? writer.reserve(100, from: numbers?.upperBound)
        numbers = left.dropFirst()
        var line = VerdictLine(
            JournalHarness.record(left.lowerBound, stored: synced ? .synced : .written, frame: frame))
        if !writer.append(line, synced: synced) {
            line = VerdictLine(JournalHarness.record(left.lowerBound, stored: .memory, frame: frame))
            writer.replaceNewest(with: line)
        }
        return line
    }
}

extension VerdictLine {
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether it claims to be on the disk.
    var isDurable: Bool { text.contains(#""durable":true"#) }
}

/// A disk that fails at chosen operations.
final class FailingDisk: Sendable {
    enum Plan: Sendable {
        case never
        case once(at: Int, errno: CInt)
        case from(Int, errno: CInt)
        case all(of: Set<Disk.Operation>, errno: CInt)
        /// On every path with this text.
        case at(String, errno: CInt)
    }

    private let state: Mutex<(operations: Int, plan: Plan)>

    init(_ plan: Plan) { state = Mutex((0, plan)) }

    /// Operations so far.
    var operations: Int { state.withLock { $0.operations } }

    func follow(_ plan: Plan) { state.withLock { $0.plan = plan } }

    var disk: Disk {
        Disk { [self] operation, path in
            state.withLock { state in
                state.operations += 1
                return switch state.plan {
                case .never: nil
                case .once(let number, let code): state.operations == number ? code : nil
                case .from(let number, let code): state.operations >= number ? code : nil
                case .all(let operations, let code): operations.contains(operation) ? code : nil
                case .at(let text, let code): path.contains(text) ? code : nil
                }
            }
        }
    }
}
