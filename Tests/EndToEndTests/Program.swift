import Foundation
import Glibc

/// One of our programs as a process, with its output in files.
final class Program: Sendable {
    struct Output: Sendable {
        let exitCode: Int32
        let standardOutput: String
        let standardError: String
    }

    private let process = Process()
    private let outputPath: String
    private let errorPath: String

    /// - Parameters:
    ///   - name: of one of our programs, or the path of another.
    ///   - folder: where `<label>.out` and `<label>.err` go.
    ///   - environment: beside what the tests themselves have.
    init(
        _ name: String, _ arguments: [String], folder: String, label: String, environment: [String: String] = [:]
    ) throws {
        outputPath = "\(folder)/\(label).out"
        errorPath = "\(folder)/\(label).err"
        process.executableURL = URL(filePath: name.hasPrefix("/") ? name : "\(Self.folder)/\(name)")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let (output, error) = (try Self.emptyFile(outputPath), try Self.emptyFile(errorPath))
        // Programs that have ended are kept by Foundation, and so would their files be. With some 1,360 open ones its `run` reads beyond
        // the list of them: it copies 256 bytes of each name, as fsac did (`dirent.name(in:)`).
        defer { for file in [output, error] { try? file.close() } }
        process.standardOutput = output
        process.standardError = error
        try process.run()
    }

    /// The build folder: the test runner lies in it too.
    static let folder: String = {
        let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: runner).deletingLastPathComponent().path
    }()

    private static func emptyFile(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(filePath: path))
        return try FileHandle(forWritingTo: URL(filePath: path))
    }

    var isRunning: Bool { process.isRunning }
    var processIdentifier: Int32 { process.processIdentifier }
    var standardOutput: String { Self.text(outputPath) }
    var standardError: String { Self.text(errorPath) }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for the end; a program that does not end in time is killed and fails the test.
    ///
    /// - Returns: the exit code, or minus the number of the signal that ended it.
    @discardableResult
    func exitCode(within limit: Duration = .seconds(30)) async throws -> Int32 {
        do {
            try await eventually("\(process.executableURL?.lastPathComponent ?? "") to end", within: limit) {
                !self.isRunning
            }
        } catch {
            send(SIGKILL)
            throw error
        }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Runs to the end.
    static func run(
        _ name: String, _ arguments: [String], folder: String, within limit: Duration = .seconds(30),
        environment: [String: String] = [:]
    ) async throws -> Output {
        let label = "run-\(UUID().uuidString)"
        let program = try Program(name, arguments, folder: folder, label: label, environment: environment)
        let exitCode = try await program.exitCode(within: limit)
        return Output(
            exitCode: exitCode, standardOutput: program.standardOutput, standardError: program.standardError)
    }
}

struct TookTooLong: Error, CustomStringConvertible {
    let what: String
    let evidence: String
    var description: String { "waited too long for \(what)\n\(evidence)" }
}

/// Looks again and again, 50 times a second, until `condition` holds.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), evidence: () -> String = { "" },
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TookTooLong(what: what, evidence: evidence()) }
        try await Task.sleep(for: .milliseconds(20))
    }
}
