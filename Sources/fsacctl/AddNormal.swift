import ArgumentParser
import ControlProtocol

/// `fsacctl add-normal`
struct AddNormal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add pictures of good parts and fit a new model.",
        discussion: """
            Pictures are checked before anything is stored: one that is refused changes nothing, the others are still \
            added, and the exit code is 1. The same picture twice is one shot.
            """)

    @Argument(help: "Pictures of good parts (JPEG or PNG).", completion: .file(extensions: ["jpg", "jpeg", "png"]))
    var files: [String] = []

    @Option(help: ArgumentHelp("Add the stored picture of this verdict: it was good.", valueName: "seq"))
    var fromVerdict: [UInt64] = []

    @Flag(help: "Only check the pictures and say what would be added.")
    var dryRun = false

    @Flag(inversion: .prefixedNo, help: "Wait until the new model is in use.")
    var wait = true

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if files.isEmpty && fromVerdict.isEmpty {
            throw ValidationError("name pictures to add, or a verdict with --from-verdict")
        }
    }

    private struct Refusal: Encodable {
        var source: String
        var message: String
    }

    private struct Accepted: Encodable {
        var source: String
        var outcome: AddNormalReply.Outcome
        var normal: NormalReply
    }

    private struct Report: Encodable {
        var accepted: [Accepted] = []
        var refused: [Refusal] = []
        /// The model that the shots went into; absent with `--dry-run`, `--no-wait` or when nothing changed.
        var model: GenerationReply?
    }

    func run() async throws {
        let client = daemon.client
        var report = Report()
        for file in files {
            try await add(file, to: &report) {
                .init(path: ControlPath.normals, body: .picture(try PictureFile.read(file)))
            }
        }
        for sequence in fromVerdict {
            try await add("verdict \(sequence)", to: &report) {
                .init(path: ControlPath.normalsFromVerdict, body: .json(FromVerdictRequest(seq: sequence)))
            }
        }
        if !dryRun, report.accepted.contains(where: { !$0.normal.fitted }) {
            let fit = try await client.request(.post, ControlPath.refit, as: FitReply.self)
            if wait { report.model = try await client.model(after: fit) }
        }
        if daemon.json {
            try printJSON(report)
        } else if let model = report.model {
            Terminal.write(model.line)
        }
        if !report.refused.isEmpty { throw ExitCode.failure }
    }

    private struct Upload {
        var path: String
        var body: DaemonClient.Body
    }

    /// Sends one picture without a fit. Refusals go into the report; an unreachable daemon ends the command.
    private func add(_ source: String, to report: inout Report, _ upload: () throws -> Upload) async throws {
        do {
            let upload = try upload()
            let reply = try await daemon.client.request(
                .post, upload.path, query: ["refit": "false", "dry_run": "\(dryRun)"], body: upload.body,
                as: AddNormalReply.self)
            report.accepted.append(Accepted(source: source, outcome: reply.outcome, normal: reply.normal))
            if !daemon.json { Terminal.write("\(source): \(Self.words(reply.outcome))\n") }
        } catch let error as ClientError {
            if case .unreachable = error { throw error }
            let message = if case .file(_, let reason) = error { reason } else { "\(error)" }
            report.refused.append(Refusal(source: source, message: message))
            Terminal.complain("\(source): refused: \(message)")
        }
    }

    private static func words(_ outcome: AddNormalReply.Outcome) -> String {
        switch outcome {
        case .added: "added"
        case .duplicate: "already a normal shot"
        case .acceptable: "would be added"
        }
    }
}
