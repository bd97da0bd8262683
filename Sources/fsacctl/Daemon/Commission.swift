import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation

/// `fsacctl commission`: start, look, accept, cancel. All of it lives in the daemon and on its disk; the command may
/// end or be ended at any time.
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
    // Not 299 here: the number would look as if it had been asked for, and exclude the other options. The daemon has
    // the default.
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
        // Each is another request: of two nobody could say which was meant to be first.
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
        // Everything but --apply shows the same: how far it is.
        var reply: CommissionReply
        if status {
            reply = try await client.get(ControlPath.commission, query: query, as: CommissionReply.self)
        } else if cancel {
            reply = try await client.request(.delete, ControlPath.commission, query: query, as: CommissionReply.self)
        } else {
            reply = try await client.request(
                .post, ControlPath.commission, query: query, body: .json(CommissionRequest(parts: parts)),
                as: CommissionReply.self)
            if wait, reply.state == .running {
                // At once, and to a pipe as well: from now on no part passes.
                if !daemon.json { Terminal.write(Self.text(of: reply) + "\n") }
                reply = try await followed(reply)
            }
        }
        if daemon.json { try printJSON(reply) } else { Terminal.write(Self.text(of: reply) + "\n") }
    }

    private func followed(_ start: CommissionReply) async throws -> CommissionReply {
        // The recipe is the one that was started: by default it is the one in use, and a changeover must not make this
        // follow another.
        let bar = ProgressBar("commissioning", total: Double(start.parts), unit: "parts")
        defer { bar.finish() }
        var reply = start
        while reply.state == .running {
            bar.update(Double(reply.scored))
            // Often enough for a person, and no more: each answer looks into the journal.
            try await Task.sleep(for: .milliseconds(200))
            reply = try await daemon.client.get(
                ControlPath.commission, query: ["recipe": start.recipe], as: CommissionReply.self)
        }
        return reply
    }

    /// Says what to do next, for nothing happens by itself.
    ///
    ///     299 good parts scored, verdicts are INVALID until you decide
    ///     limit in use 1.2310: rejects 4 of 299, at most 3.04 % of good parts at 95 % confidence
    ///     proposed     1.4105: rejects 0 of 299, at most 0.997 % of good parts at 95 % confidence
    ///     accept it with `fsacctl commission --apply`, or keep the limit in use with `--cancel`
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
            if let kept = reply.kept, kept >= 10 {
                text += "; `fsacctl teach` shows what \(kept) of them would teach the model"
            }
        }
        return text
    }

    private static func words(_ bound: LimitBound, _ reply: CommissionReply) -> String {
        "\(Format.score(bound.limit)): rejects \(bound.rejects) of \(reply.scored), at most "
            + "\(Format.percent(bound.falseRejectRate)) of good parts at \(Format.percent(reply.confidence)) confidence"
    }
}
