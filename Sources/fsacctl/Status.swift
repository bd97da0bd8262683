import ArgumentParser
import ControlProtocol

/// `fsacctl status`
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

    static func text(of status: StatusReply) -> String {
        var block = Block()
        let style: Style = status.state == .inspecting ? .good : .bad
        block.add("state", style(status.state.rawValue) + (status.reason.map { ": \($0)" } ?? ""))
        block.add("recipe", status.recipe)
        block.add("model", model(status))
        block.add("limit", status.model.map { text(of: $0.limit) })
        block.add("fit", fit(status.fit))
        block.add(
            "camera",
            "\(status.camera.name) (\(status.camera.source)), \(status.camera.frames) frames, "
                + "\(status.camera.dropped) dropped")
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
        block.add("daemon", "fsacd \(status.version), up \(Format.duration(seconds: status.uptimeSeconds))")
        return block.text
    }

    static func text(of limit: LimitReply) -> String {
        limit.manual
            ? "\(Format.score(limit.value)) set by hand (calibrated: \(Format.score(limit.calibrated)), \(limit.evidence))"
            : "\(Format.score(limit.value)) (\(limit.evidence))"
    }

    private static func model(_ status: StatusReply) -> String {
        let shots = "\(status.normals) normal shots stored"
        guard let model = status.model else { return "none, \(shots): add some with `fsacctl add-normal`" }
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

    private static func counts(_ counts: CountsReply) -> String {
        let causes = counts.causes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return "\(Style.good("OK")) \(counts.ok)  \(Style.bad("NG")) \(counts.ng)  "
            + "\(Style.doubtful("INVALID")) \(counts.invalid)"
            + (causes.isEmpty ? "" : " (\(causes.joined(separator: ", ")))")
    }
}
