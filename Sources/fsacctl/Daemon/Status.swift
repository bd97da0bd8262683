import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation

/// `fsacctl status`: one screen for a person. The daemon is asked once, so that all of it is of one moment.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the line does: state, model, limit, counts, latency, storage.",
        discussion:
            "Exits with 0 whenever the daemon answers; `curl --unix-socket PATH http://fsac/healthz` is for monitors.")

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let status = try await daemon.client.get(ControlPath.status, as: StatusReply.self)
        if daemon.json {
            try printJSON(status)
        } else {
            Terminal.write(Self.text(of: status))
        }
    }

    /// Blocks of names and values. Lines that say nothing are left out: what is there is worth reading.
    ///
    ///     state     inspecting
    ///     camera    camera1 (folder /srv/fsac/frames), recipe default, trigger continuous
    ///               1204 frames, 0 dropped
    ///     recipe    default, used by camera1
    ///       model   generation 3 of 4 shots (4 normal shots stored), ...
    ///       limit   1.2310 (...)
    ///     verdicts  OK 1180  NG 21  INVALID 3 (3 frame_dark)
    ///     latency   median 51.5 ms, 95 % 53.1 ms, 99 % 54.4 ms
    ///     storage   /var/lib/fsac, 120 GB free, journal at 1204, 0 pictures dropped
    ///               journal 7f3c9a10d2b4e856
    ///               ok pictures 10 GB, 1.31 days at the present rate
    ///               ng pictures 120 MB, 214 days at the present rate: ng_days = 365 is not met
    ///     daemon    fsacd 0.1.0, up 3 h 12 min
    static func text(of status: StatusReply) -> String {
        var block = Block()
        block.add("state", state(status.state, status.reason))
        // The worst one is the state's own reason.
        for cause in status.causes.dropFirst() { block.add("", Style.bad("\(cause.place): ") + cause.reason) }
        for warning in status.warnings { block.add("", Style.doubtful("\(warning.place): \(warning.reason)")) }
        for camera in status.cameras { add(camera, to: &block, isOnly: status.cameras.count == 1) }
        for recipe in status.recipes { add(recipe, to: &block) }
        block.add("verdicts", counts(status.counts))
        block.add(
            "latency",
            status.latency.map {
                "median \(Format.milliseconds($0.p50)), 95 % \(Format.milliseconds($0.p95)), "
                    + "99 % \(Format.milliseconds($0.p99))"
            })
        block.add(
            "storage",
            "\(status.storage.directory), \(Format.bytes(status.storage.freeBytes)) free, journal at "
                + "\(status.storage.lastSequence), \(status.storage.imagesDropped) pictures dropped")
        block.add("", status.journal.map { "journal \($0)" })
        for pictures in status.storage.pictures ?? [] { add(pictures, to: &block) }
        block.add("daemon", "fsacd \(status.version), up \(Format.duration(seconds: status.uptimeSeconds))")
        return block.text
    }

    private static func add(_ pictures: PictureStorageReply, to block: inout Block) {
        guard pictures.bytes > 0 else { return }
        var text = "\(pictures.pictureClass.rawValue) pictures \(Format.bytes(pictures.bytes))"
        if let days = pictures.days { text += String(format: ", %.3g days at the present rate", days) }
        guard let wanted = pictures.wantedDays, let days = pictures.days else { return block.add("", text) }
        let isMet = days >= Double(wanted)
        block.add(
            "", isMet ? text : Style.doubtful("\(text): \(pictures.pictureClass.rawValue)_days = \(wanted) is not met"))
    }

    private static func state(_ state: LineState, _ reason: String?) -> String {
        // Also while it starts: red until parts are judged.
        let style: Style = state == .inspecting ? .good : .bad
        return style(state.rawValue) + (reason.map { ": \($0)" } ?? "")
    }

    private static func add(_ camera: CameraReply, to block: inout Block, isOnly: Bool) {
        block.add("camera", "\(camera.name) (\(camera.source)), recipe \(camera.recipe), trigger \(camera.trigger)")
        // Of a single camera the line's own state and counts say it already.
        if !isOnly {
            block.add("", state(camera.state, camera.reason))
            block.add("", counts(camera.counts))
        }
        var frames = "\(camera.frames) frames, \(camera.dropped) dropped"
        for (count, word) in [
            (camera.missed, "missed"), (camera.damaged, "damaged"), (camera.overwritten, "overwritten"),
            (camera.skipped, "files skipped"), (camera.restarts, "restarts"),
        ]
        // Zeros are good news, which need no words.
        where count > 0 { frames += ", \(count) \(word)" }
        if let waiting = camera.waiting, waiting > 0 { frames += ", \(waiting) waiting" }
        block.add("", frames)
        block.add("", camera.notRead.map { "not read: \($0)" })
        for difference in camera.differences { block.add("", Style.doubtful(difference)) }
    }

    private static func add(_ recipe: RecipeReply, to block: inout Block) {
        let users = recipe.cameras.isEmpty ? "not in use" : "used by \(recipe.cameras.joined(separator: ", "))"
        // A copy that has a table of its own by now is like any other.
        let origin = recipe.settingsFrom == recipe.name ? "" : ", settings of \(recipe.settingsFrom)"
        block.add("recipe", "\(recipe.name), \(users)\(origin)")
        block.add("  model", model(recipe))
        block.add("", recipe.model?.oddShotsLine)
        block.add("  limit", recipe.model.map { text(of: $0.limit) })
        block.add("  INVALID", recipe.hindrance.map { Style.bad($0) })
        block.add("  fit", fit(recipe.fit))
        block.add(
            "  commission",
            recipe.commission.map { Style.doubtful("\($0.scored) of \($0.parts) parts, verdicts are INVALID") })
        block.add("  teaching", recipe.teach.map { Teach.keptWords($0) })
        if let trend = recipe.trend { add(trend, to: &block) }
    }

    private static func add(_ trend: TrendReply, to block: inout Block) {
        // 0 is a typical good part and 1 the limit; below 0 parts look better than the shots did.
        if let drift = trend.drift {
            let text = String(format: "%+.2f of the way from a typical score to the limit", drift)
            let drift = "OK scores of \(trend.parts) parts lie \(text)"
            block.add("  drift", trend.isDrifting ? Style.doubtful("\(drift): look at light, lens and parts") : drift)
        }
        if let shift = trend.sceneShift { block.add("  scene", Style.doubtful("shifted: \(shift)")) }
        if trend.sceneShifts > 0 { block.add("", "\(trend.sceneShifts) pictures with a shift since the start") }
    }

    /// The same words wherever a limit is shown. The number comes first, and what it rests on always with it.
    static func text(of limit: LimitReply) -> String {
        if let commissioned = limit.commissioned {
            return "\(Format.score(limit.value)) commissioned (\(commissioned)), calibrated "
                + Format.score(limit.calibrated)
        }
        return limit.manual
            ? "\(Format.score(limit.value)) set by hand (calibrated: \(Format.score(limit.calibrated)), \(limit.evidence))"
            : "\(Format.score(limit.value)) (\(limit.evidence))"
    }

    private static func model(_ recipe: RecipeReply) -> String {
        let shots = "\(recipe.shots) normal shots stored"
        guard let model = recipe.model else { return "none, \(shots)" }
        return "generation \(model.generation) of \(model.shots.count) shots (\(shots)), "
            + "\(model.backbone), \(model.method)"
    }

    private static func fit(_ fit: FitReply) -> String? {
        switch fit.state {
        case .idle: nil
        case .fitting: "running, \(Int(100 * (fit.progress ?? 0))) %"
        case .failed: Style.bad("failed") + ": \(fit.message ?? "")"
        }
    }

    static func counts(_ counts: CountsReply) -> String {
        // By name, so that they do not change places from call to call.
        let causes = counts.causes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return "\(Style.good("OK")) \(counts.ok)  \(Style.bad("NG")) \(counts.ng)  "
            + "\(Style.doubtful("INVALID")) \(counts.invalid)"
            + (causes.isEmpty ? "" : " (\(causes.joined(separator: ", ")))")
            + (counts.uncertain == 0 ? "" : "  \(counts.uncertain) of OK and NG uncertain")
    }
}
