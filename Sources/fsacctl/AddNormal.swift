import ArgumentParser
import ControlProtocol

/// `fsacctl add-normal`
struct AddNormal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add pictures of good parts and fit a new model.",
        discussion: """
            Pictures are checked before anything is stored: one that is refused changes nothing, the others are still \
            added, and the exit code is 1. The same picture twice is one shot.

            --from-camera takes the next frame: put a good part in view, take one, and repeat with the next part. A \
            number takes so many frames one after the other, which show the same part unless each frame is triggered: \
            pictures of one part teach little.
            """)

    @Argument(help: "Pictures of good parts (JPEG or PNG).", completion: .file(extensions: ["jpg", "jpeg", "png"]))
    var files: [String] = []

    @Option(help: ArgumentHelp("Add the stored picture of this verdict: it was good.", valueName: "seq"))
    var fromVerdict: [UInt64] = []

    @Flag(help: "Add the camera's next frame, or with a number the next so many in a row: --from-camera 4.")
    var fromCamera = false

    @Option(help: ArgumentHelp("The camera for --from-camera (default: the only one).", valueName: "name"))
    var camera: String?

    @Flag(help: "Only check the pictures and say what would be added.")
    var dryRun = false

    @Flag(inversion: .prefixedNo, help: "Wait until the new model is in use.")
    var wait = true

    @OptionGroup var recipe: RecipeOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if files.isEmpty && fromVerdict.isEmpty && !fromCamera {
            throw ValidationError("name pictures to add, a verdict with --from-verdict, or --from-camera")
        }
        if camera != nil && !fromCamera { throw ValidationError("--camera goes with --from-camera") }
        if let shots, !(1...ControlLimits.shotsAtOnce).contains(shots) {
            throw ValidationError("--from-camera: expected 1 to \(ControlLimits.shotsAtOnce)")
        }
    }

    /// How many the camera is to give; nil = none.
    private var shots: Int? { fromCamera ? files.lazy.compactMap { Int($0) }.first ?? 1 : nil }

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
        let target = try await target
        var report = Report()
        for file in files where shots == nil || Int(file) == nil {
            try await add(file, to: &report) {
                .init(path: ControlPath.normals, body: .picture(try PictureFile.read(file)))
            }
        }
        for sequence in fromVerdict {
            try await add("verdict \(sequence)", to: &report) {
                .init(path: ControlPath.normalsFromVerdict, body: .json(FromVerdictRequest(seq: sequence)))
            }
        }
        if let shots { try await add(shots, to: &report) }
        if !dryRun, report.accepted.contains(where: { !$0.normal.fitted }) {
            let fit = try await client.request(.post, ControlPath.refit, query: target, as: FitReply.self)
            if wait { report.model = try await client.model(after: fit, query: target) }
        }
        if daemon.json {
            try printJSON(report)
        } else if let model = report.model {
            Terminal.write(model.line)
        }
        if !report.refused.isEmpty { throw ExitCode.failure }
    }

    /// Names the recipe that everything goes to; empty = the one in use. Shots of a camera are for that camera's recipe.
    private var target: [String: String] {
        get async throws {
            guard recipe.recipe == nil, fromCamera, let camera else { return recipe.query }
            let cameras = try await daemon.client.get(ControlPath.status, as: StatusReply.self).cameras
            return cameras.first { $0.name == camera }.map { ["recipe": $0.recipe] } ?? [:]
        }
    }

    private func add(_ count: Int, to report: inout Report) async throws {
        let reply = try await daemon.client.request(
            .post, ControlPath.normalsFromCamera, query: try await target.merging(options) { $1 },
            body: .json(FromCameraRequest(camera: camera, count: count)), as: FromCameraReply.self)
        for (number, shot) in zip(1..., reply.shots) {
            let source = "shot \(number)"
            if let added = shot.added {
                accept(added, from: source, &report)
            } else {
                refuse(source, shot.refusal?.message ?? "no reason given", &report)
            }
        }
    }

    private var options: [String: String] { ["refit": "false", "dry_run": "\(dryRun)"] }

    private struct Upload {
        var path: String
        var body: DaemonClient.Body
    }

    /// Sends one picture without a fit. Refusals go into the report; an unreachable daemon ends the command.
    private func add(_ source: String, to report: inout Report, _ upload: () throws -> Upload) async throws {
        do {
            let upload = try upload()
            let reply = try await daemon.client.request(
                .post, upload.path, query: try await target.merging(options) { $1 }, body: upload.body,
                as: AddNormalReply.self)
            accept(reply, from: source, &report)
        } catch let error as ClientError {
            if case .unreachable = error { throw error }
            let message = if case .file(_, let reason) = error { reason } else { "\(error)" }
            refuse(source, message, &report)
        }
    }

    private func accept(_ reply: AddNormalReply, from source: String, _ report: inout Report) {
        report.accepted.append(Accepted(source: source, outcome: reply.outcome, normal: reply.normal))
        if !daemon.json { Terminal.write("\(source): \(Self.words(reply.outcome))\n") }
    }

    private func refuse(_ source: String, _ message: String, _ report: inout Report) {
        report.refused.append(Refusal(source: source, message: message))
        Terminal.complain("\(source): refused: \(message)")
    }

    private static func words(_ outcome: AddNormalReply.Outcome) -> String {
        switch outcome {
        case .added: "added"
        case .duplicate: "already a normal shot"
        case .acceptable: "would be added"
        }
    }
}
