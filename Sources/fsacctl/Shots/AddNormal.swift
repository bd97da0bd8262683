import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl add-normal`
struct AddNormal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add pictures of good parts and fit a new model.",
        discussion: """
            Pictures are checked before anything is stored: one that is refused changes nothing, the others are still \
            added, and the exit code is 1. The same picture twice is one shot, also when it was saved again. The daemon does \
            the work, and goes on when this command is interrupted.

            A picture that the model in use rejects, or of a part that was NG, is refused: a defective part among the shots \
            lets all like it pass. --force is a person's word that the part is good. For a single picture a candidate is \
            fitted first, and what it changes is shown: the limit, recent parts whose verdict would be another one, and in \
            words what should make one think twice. One that would let parts pass that are NG is refused, too. \
            --dry-run stops there; `fsacctl models rollback` undoes. --no-wait and --preview 0 leave that out.

            --from-camera takes the next frame: put a good part in view, take one, and repeat with the next part. A \
            number takes so many frames one after the other, which show the same part unless each frame is triggered: \
            pictures of one part teach little.
            """)

    @Argument(help: "Pictures of good parts (JPEG, PNG, BMP or TIFF), or folders of such.", completion: .file())
    var files: [String] = []

    @Option(help: ArgumentHelp("Add the stored picture of this verdict: it was good.", valueName: "seq"))
    var fromVerdict: [UInt64] = []

    @Option(
        defaultAsFlag: 1, parsing: .next,
        help: ArgumentHelp(
            "Add the camera's next frame, or with a number the next so many in a row: --from-camera 4.",
            valueName: "count"))
    var fromCamera: Int?

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
        if files.isEmpty && fromVerdict.isEmpty && fromCamera == nil {
            throw ValidationError("name pictures to add, a verdict with --from-verdict, or --from-camera")
        }
        if camera != nil && fromCamera == nil { throw ValidationError("--camera goes with --from-camera") }
        if !(0...ControlLimits.previewParts).contains(preview) {
            throw ValidationError("--preview: expected 0 to \(ControlLimits.previewParts), got \(preview)")
        }
        if let fromCamera, !(1...ControlLimits.shotsAtOnce).contains(fromCamera) {
            throw ValidationError("--from-camera: expected 1 to \(ControlLimits.shotsAtOnce), got \(fromCamera)")
        }
    }

    private struct Refusal: Encodable {
        var source: String
        var message: String
    }

    private struct Accepted: Encodable {
        var source: String
        var outcome: AddNormalsReply.Shot.Outcome
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

    /// One request: a picture, or what the daemon takes itself.
    private struct Upload {
        /// For people.
        let name: String
        /// Several pictures may come of it.
        var isOfCamera = false
        let body: () throws -> DaemonClient.Body
    }

    /// The camera first: its recipe is the one that everything goes to.
    private var uploads: [Upload] {
        let fromCamera = fromCamera.map { count in
            Upload(name: "camera", isOfCamera: true) { .json(ShotSource.camera(name: camera, count: count)) }
        }
        return [fromCamera].compactMap(\.self)
            + files.flatMap(PictureFile.expand).map { file in
                Upload(name: file) { .picture(try PictureFile.read(file)) }
            }
            + fromVerdict.map { sequence in
                Upload(name: "verdict \(sequence)") { .json(ShotSource.verdict(sequence)) }
            }
    }

    func run() async throws {
        var report = Report()
        var target = recipe.query
        let uploads = uploads
        for upload in uploads {
            do {
                // All of them go where the first one went, whatever comes into use meanwhile.
                target["recipe"] = try await add(upload, isOnly: uploads.count == 1, to: target, &report)
            } catch ClientError.file(_, let reason) {
                refuse(upload.name, reason, &report)
            } catch let error as DaemonError {
                // Without it there is nothing more to do.
                if case .unreachable = error { throw error }
                refuse(upload.name, "\(error)", &report)
            }
        }
        // Each was stored without a fit.
        if uploads.count > 1, !dryRun, report.accepted.contains(where: { !$0.normal.fitted }) {
            let fit = try await daemon.client.request(.post, ControlPath.refit, query: target, as: FitReply.self)
            if wait { report.model = try await daemon.client.model(after: fit) }
        }
        if daemon.json {
            try printJSON(report)
        } else if let model = report.model {
            Terminal.write(model.line)
        }
        if !report.refused.isEmpty { throw ExitCode.failure }
    }

    /// Sends one picture and follows what becomes of it. Refusals go into the report.
    ///
    /// - Returns: the recipe that it went to.
    private func add(
        _ upload: Upload, isOnly: Bool, to target: [String: String], _ report: inout Report
    ) async throws -> String {
        let client = daemon.client
        let options = [
            "dry_run": "\(dryRun)", "force": "\(force)", "refit": "\(isOnly)",
            "preview": "\(isOnly && wait ? preview : 0)",
        ]
        let start = try await client.request(
            .post, ControlPath.normals, query: target.merging(options) { $1 }, body: try upload.body(),
            as: AddNormalsReply.self)
        var reply = try await client.follow(start) { $0.stage == .fitting }
        if let change = reply.change {
            report.change = change
            if !daemon.json { Terminal.write(Self.text(of: change)) }
        }
        for (number, shot) in zip(1..., reply.shots) {
            note(shot, from: upload.isOfCamera ? "shot \(number)" : upload.name, &report)
        }
        if wait { reply = try await client.follow(reply) }
        if let error = reply.error {
            if reply.stage == .fitting { throw ClientError.fitFailed(error.message) }
            throw DaemonError.refused(error)
        }
        if let generation = reply.generation, wait {
            report.model = try await client.model(generation, of: reply.recipe)
        }
        return reply.recipe
    }

    private func note(_ shot: AddNormalsReply.Shot, from source: String, _ report: inout Report) {
        guard let normal = shot.normal else {
            return refuse(source, shot.refusal?.message ?? "no reason given", &report)
        }
        // Of an operation that failed: nobody added it.
        if shot.outcome == .acceptable && !dryRun { return }
        report.accepted.append(Accepted(source: source, outcome: shot.outcome, normal: normal))
        if !daemon.json { Terminal.write("\(source): \(Self.words(shot.outcome))\n") }
    }

    static func text(of change: ShotChange) -> String {
        var text = "limit \(Format.score(change.limitBefore)) -> \(Format.score(change.limitAfter)), "
        text += "\(change.flips.count) of the last \(change.parts) parts change:\n"
        for flip in change.flips {
            text += "  \(flip.seq)  \(flip.before.rawValue) -> \(flip.after.rawValue)  \(flip.frame)\n"
        }
        if change.flips.isEmpty { text = String(text.dropLast(2)) + "\n" }
        return text + (change.warnings ?? []).map { "warning: \($0)\n" }.joined()
    }

    private func refuse(_ source: String, _ message: String, _ report: inout Report) {
        report.refused.append(Refusal(source: source, message: message))
        Terminal.complain("\(source): refused: \(message)")
    }

    static func words(_ outcome: AddNormalsReply.Shot.Outcome) -> String {
        switch outcome {
        case .added: "added"
        case .duplicate: "already a normal shot"
        case .acceptable: "would be added"
        case .refused: "refused"
        }
    }
}

extension DaemonClient {
    /// Waits with a progress bar until an operation has ended, or `isFar` enough.
    func follow(
        _ start: AddNormalsReply, until isFar: (AddNormalsReply) -> Bool = { _ in false }
    ) async throws -> AddNormalsReply {
        var reply = start
        while reply.state == .running, !isFar(reply) {
            let stage = reply.stage
            let bar = ProgressBar(stage.words)
            defer { bar.finish() }
            while reply.state == .running, reply.stage == stage, !isFar(reply) {
                bar.update(reply.progress)
                try await Task.sleep(for: .milliseconds(50))
                reply = try await get("\(ControlPath.normalsOperations)/\(start.operation)", as: AddNormalsReply.self)
            }
        }
        return reply
    }
}

extension AddNormalsReply.Stage {
    /// Beside the progress bar.
    fileprivate var words: String { self == .previewing ? "trying it" : rawValue }
}
