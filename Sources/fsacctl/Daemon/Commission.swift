import ArgumentParser
import ControlProtocol
import Foundation

/// `fsacctl commission`
struct Commission: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the limit on known-good production.",
        discussion: """
            Until it is over, parts are scored, but every verdict is INVALID (commissioning): none is rejected by the camera, \
            and none counts as inspected. Run good parts only. At the end the limit is proposed that so many good parts \
            support: when none of 299 is rejected, at most 1 % of good parts are, with 95 % confidence. Verdicts stay INVALID \
            until the proposal is accepted with --apply or the commissioning is ended with --cancel, also over a restart of \
            the daemon. A re-fit begins it anew.

            Ends with Ctrl-C while it goes on; --status shows how far it is.
            """)

    @Option(help: "Good parts to run: 299 support 1 % when none is rejected.")
    var parts: Int?

    @Flag(help: "Show how far it is.")
    var status = false

    @Flag(help: "Accept the proposed limit.")
    var apply = false

    @Flag(help: "End it without a new limit.")
    var cancel = false

    @Flag(inversion: .prefixedNo, help: "Wait for the parts, with a progress bar.")
    var wait = true

    @OptionGroup var recipe: RecipeOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard [status, apply, cancel, parts != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("use one of --parts, --status, --apply and --cancel")
        }
        if let parts, !(1...ControlLimits.commissionParts).contains(parts) {
            throw ValidationError("--parts: expected 1 to \(ControlLimits.commissionParts), got \(parts)")
        }
    }

    func run() async throws {
        let (client, query) = (daemon.client, recipe.query)
        if apply {
            let limit = try await client.request(
                .post, ControlPath.commissionApply, query: query, as: LimitReply.self)
            if daemon.json { try printJSON(limit) } else { Terminal.write("limit \(Status.text(of: limit))\n") }
            return
        }
        var reply: CommissionReply
        if status {
            reply = try await client.get(ControlPath.commission, query: query, as: CommissionReply.self)
        } else if cancel {
            reply = try await client.request(.delete, ControlPath.commission, query: query, as: CommissionReply.self)
        } else {
            reply = try await client.request(
                .post, ControlPath.commission, query: query, body: .json(CommissionRequest(parts: parts)),
                as: CommissionReply.self)
            if wait { reply = try await followed(reply) }
        }
        if daemon.json { try printJSON(reply) } else { Terminal.write(Self.text(of: reply) + "\n") }
    }

    private func followed(_ start: CommissionReply) async throws -> CommissionReply {
        let bar = ProgressBar("commissioning", total: Double(start.parts), unit: "parts")
        defer { bar.finish() }
        var reply = start
        while reply.state == .running {
            bar.update(Double(reply.scored))
            try await Task.sleep(for: .milliseconds(200))
            reply = try await daemon.client.get(
                ControlPath.commission, query: ["recipe": start.recipe], as: CommissionReply.self)
        }
        return reply
    }

    static func text(of reply: CommissionReply) -> String {
        var text =
            switch reply.state {
            case .off: "not being commissioned: parts are judged"
            case .running: "\(reply.scored) of \(reply.parts) good parts scored, verdicts are INVALID"
            case .complete: "\(reply.scored) good parts scored, verdicts are INVALID until you decide"
            }
        if let current = reply.current {
            text += "\nlimit in use \(words(current, reply))"
        }
        if let proposal = reply.proposal {
            text += "\nproposed     \(words(proposal, reply))"
            text += "\naccept it with `fsacctl commission --apply`, or keep the limit in use with `--cancel`"
        }
        return text
    }

    private static func words(_ bound: LimitBound, _ reply: CommissionReply) -> String {
        "\(Format.score(bound.limit)): rejects \(bound.rejects) of \(reply.scored), at most "
            + "\(Format.percent(bound.falseRejectRate)) of good parts at \(Format.percent(reply.confidence)) confidence"
    }
}
