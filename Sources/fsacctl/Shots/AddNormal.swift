import ArgumentParser
import ControlProtocol

/// `fsacctl add-normal`
struct AddNormal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add pictures of good parts and fit a new model.",
        discussion: """
            Pictures are checked before anything is stored: one that is refused changes nothing, the others are still \
            added, and the exit code is 1. The same picture twice is one shot, also when it was saved again.

            A picture that the model in use rejects, or of a part that was NG, is refused: a defective part among the shots \
            lets all like it pass. --force is a person's word that the part is good. For a single picture a candidate is \
            fitted first, and what it changes is shown: the limit, and recent parts whose verdict would be another one. \
            --dry-run stops there; `fsacctl models rollback` undoes.

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

    @Flag(help: "Only check the pictures, and say what would be added and change.")
    var dryRun = false

    @Flag(help: "A person has looked at the part and it is good, whatever it looks like.")
    var force = false

    @Option(help: "Recent parts to judge again with the new model: 0 to 1000.")
    var preview = 20

    @Flag(inversion: .prefixedNo, help: "Wait until the new model is in use.")
    var wait = true

    @OptionGroup var recipe: RecipeOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if files.isEmpty && fromVerdict.isEmpty && !fromCamera {
            throw ValidationError("name pictures to add, a verdict with --from-verdict, or --from-camera")
        }
        if camera != nil && !fromCamera { throw ValidationError("--camera goes with --from-camera") }
        if !(0...1000).contains(preview) { throw ValidationError("--preview: expected 0 to 1000, got \(preview)") }
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
        /// What a single picture changes; absent with several, `--no-wait`, or nothing to compare with.
        var change: ShotChange?
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
                .init(
                    path: ControlPath.normalsFromVerdict, body: .json(FromVerdictRequest(seq: sequence)),
                    sequence: sequence)
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

    private var options: [String: String] { options(dryRun: dryRun) }

    private func options(dryRun: Bool) -> [String: String] {
        ["refit": "false", "dry_run": "\(dryRun)", "force": "\(force)"]
    }

    /// A candidate is fitted for a single picture only: for several it would be one a picture.
    private var isSingle: Bool { shots == nil && files.count + fromVerdict.count == 1 && wait && preview > 0 }

    private struct Upload {
        var path: String
        var body: DaemonClient.Body
        /// The verdict whose picture it is.
        var sequence: UInt64?
    }

    /// Sends one picture without a fit. Refusals go into the report; an unreachable daemon ends the command.
    private func add(_ source: String, to report: inout Report, _ upload: () throws -> Upload) async throws {
        do {
            let upload = try upload()
            if isSingle { try await show(upload, &report) }
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

    /// Shows what a picture that would be accepted changes.
    private func show(_ upload: Upload, _ report: inout Report) async throws {
        let target = try await target
        let check = try await daemon.client.request(
            .post, upload.path, query: target.merging(options(dryRun: true)) { $1 }, body: upload.body,
            as: AddNormalReply.self)
        // Without a score there is no model to compare with.
        guard check.outcome == .acceptable, check.score != nil else { return }
        var query = target.merging(["parts": "\(preview)"]) { $1 }
        if let sequence = upload.sequence { query["seq"] = "\(sequence)" }
        let start = try await daemon.client.request(
            .post, ControlPath.normalsPreview, query: query, body: upload.sequence == nil ? upload.body : .none,
            as: PreviewReply.self)
        let bar = ProgressBar("trying it")
        defer { bar.finish() }
        var reply = start
        while reply.number == start.number, reply.state == .running {
            bar.update(reply.progress)
            try await Task.sleep(for: .milliseconds(50))
            reply = try await daemon.client.get(ControlPath.normalsPreview, as: PreviewReply.self)
        }
        bar.finish()
        if reply.state == .failed { throw ClientError.fitFailed(reply.message ?? "no reason given") }
        report.change = reply.change
        if let change = reply.change, !daemon.json { Terminal.write(Self.text(of: change)) }
    }

    static func text(of change: ShotChange) -> String {
        var text = "limit \(Format.score(change.limitBefore)) -> \(Format.score(change.limitAfter)), "
        text += "\(change.flips.count) of the last \(change.parts) parts change:\n"
        for flip in change.flips {
            text += "  \(flip.seq)  \(flip.before.rawValue) -> \(flip.after.rawValue)  \(flip.frame)\n"
        }
        return change.flips.isEmpty ? String(text.dropLast(2)) + "\n" : text
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
