import ControlProtocol
import Daemon
import FoundationEssentials
import Glibc
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

    static func record(_ seq: UInt64, durable: Bool = false, verdict: Verdict = .ok, frame: String = "a.jpg")
        -> InspectionRecord
    {
        InspectionRecord(
            seq: seq, time: "2026-01-02T03:04:05.678901Z", camera: "camera1", recipe: "bottle", generation: 3,
            frame: frame, part: nil, verdict: verdict, cause: verdict == .invalid ? "no_model" : nil, score: 0.25,
            limit: 0.5, regions: [], latency: .init(wait: 0.5, total: 20.25), image: nil, heatmap: nil,
            durable: durable)
    }

    func start(_ disk: Disk = Disk()) -> JournalStart { JournalRecovery.run(folder: folder, disk: disk) }

    func writer(_ disk: Disk = Disk()) -> JournalWriter {
        JournalWriter(start(disk), folder: folder, settings: settings, disk: disk)
    }

    /// Appends lines to what is there and syncs them, as one run of the daemon does.
    @discardableResult
    func write(_ count: Int) -> [VerdictLine] {
        var writer = writer()
        let lines = (0..<count).map { _ in writer.append(synced: false) { Self.record($0, durable: $1) }.line }
        writer.sync()
        return lines
    }

    func read(from first: UInt64 = 1, count: Int = .max) throws -> [VerdictLine] {
        try JournalReader(folder: folder).lines(from: first, below: .max, count: count)
    }

    func sequences() throws -> [UInt64] { try read().map(\.sequence) }

    func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(name)"))) }

    func names() throws -> [String] { try state.names(in: "journal") }
}

/// A disk that fails at chosen operations.
final class FailingDisk: Sendable {
    enum Plan: Sendable {
        case never
        case once(at: Int, errno: CInt)
        case from(Int, errno: CInt)
        case all(of: Set<Disk.Operation>, errno: CInt)
    }

    private let state: Mutex<(operations: Int, plan: Plan)>

    init(_ plan: Plan) { state = Mutex((0, plan)) }

    /// Operations so far.
    var operations: Int { state.withLock { $0.operations } }

    func follow(_ plan: Plan) { state.withLock { $0.plan = plan } }

    var disk: Disk {
        Disk { [self] operation, _ in
            state.withLock { state in
                state.operations += 1
                return switch state.plan {
                case .never: nil
                case .once(let number, let code): state.operations == number ? code : nil
                case .from(let number, let code): state.operations >= number ? code : nil
                case .all(let operations, let code): operations.contains(operation) ? code : nil
                }
            }
        }
    }
}
