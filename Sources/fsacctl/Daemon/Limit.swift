import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation

/// `fsacctl limit`. Each subcommand prints the limit as it is then, in the same words as `status`.
struct Limit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show or change the score at which a part is rejected.",
        discussion: """
            A limit set by hand holds from the next frame on, over re-fits and restarts, until `limit auto`. It does not \
            hold for another backbone or method, whose scores are on another scale.

            What it changes among the newest parts is shown first; --dry-run stops there. One that would let a recent reject \
            pass, or that is more than twice what the shots give, is refused without --force: a person's word that it is meant.
            """,
        subcommands: [Show.self, Set.self, Auto.self], defaultSubcommand: Show.self)

    fileprivate static func report(_ limit: LimitReply, _ daemon: DaemonOptions) throws {
        if daemon.json { try printJSON(limit) } else { Terminal.write(Status.text(of: limit) + "\n") }
    }

    /// Who set it, in a word.
    static func origin(_ limit: LimitReply) -> String {
        limit.commissioned != nil ? "commission" : limit.manual ? "hand" : "shots"
    }

    /// How a limit is changed.
    struct Change: ParsableArguments {
        @Flag(help: "Only show what it would change.")
        var dryRun = false

        @Flag(help: "It is meant, whatever passes by it.")
        var force = false

        /// Shows what it changes, and changes it unless something stands against it.
        ///
        /// - Parameter value: nil = calibration's.
        func run(_ value: Float?, _ recipe: RecipeOption, _ daemon: DaemonOptions) async throws {
            let options = ["dry_run": "\(dryRun)", "force": "\(force)"]
            func put(_ options: [String: String]) async throws -> LimitReply {
                try await daemon.client.request(
                    .put, ControlPath.limit, query: recipe.query.merging(options) { $1 },
                    body: .json(LimitRequest(value: value)), as: LimitReply.self)
            }
            // Shown before, also when it is refused then: the refusal says why by itself.
            if !daemon.json {
                let change = try await put(["dry_run": "true"]).change
                let objection = dryRun || force ? change?.objection : nil
                Terminal.write(Self.text(of: change) + (objection.map { Style.doubtful($0) + "\n" } ?? ""))
            }
            if dryRun && !daemon.json { return }
            try Limit.report(try await put(options), daemon)
        }

        ///     limit 1.3100 -> 1.8000, 2 of the last 200 parts change:
        ///         1041  NG -> OK  1.4500  part-0017.jpg
        static func text(of change: LimitChange?) -> String {
            guard let change else { return "" }
            let before = change.limitBefore.map { Format.score($0) } ?? "unknown"
            var text = "limit \(before) -> \(Format.score(change.limitAfter)), "
            text +=
                "\(change.flips.count) of the last \(change.parts) parts change" + (change.flips.isEmpty ? "\n" : ":\n")
            for flip in change.flips {
                text += "  \(String(format: "%8llu", flip.seq))  \(flip.before.rawValue) -> \(flip.after.rawValue)  "
                text += "\(Format.score(flip.score))  \(flip.frame)\n"
            }
            return text
        }
    }

    /// `fsacctl limit show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the limit and what it rests on.")
        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let limit = try await daemon.client.get(ControlPath.limit, query: recipe.query, as: LimitReply.self)
            try Limit.report(limit, daemon)
            // With --json they are in the reply.
            if !daemon.json { Terminal.write(Self.alternatives(limit)) }
        }

        /// What other sensitivities would give, and the uncertain scores. The star is at the one in use.
        ///
        ///     uncertain: 1.0912 to 1.3705
        ///        SENSITIVITY   LIMIT  FALSE REJECTS  ESCAPES (SYNTHETIC)
        ///                0.4  1.3105            3 %                  4 %
        ///     *          0.5  1.2310            5 %                  2 %
        static func alternatives(_ limit: LimitReply) -> String {
            var text = ""
            if limit.uncertain.count == 2 {
                text += "uncertain: \(Format.score(limit.uncertain[0])) to \(Format.score(limit.uncertain[1]))\n"
            }
            guard !limit.options.isEmpty else { return text }
            var table = Table("", ">SENSITIVITY", ">LIMIT", ">FALSE REJECTS", ">ESCAPES (SYNTHETIC)")
            for option in limit.options {
                table.add(
                    // Equal to the bit when calibration's is in use; a limit set by hand has no mark.
                    option.limit == limit.value ? "*" : "", String(format: "%.1f", option.sensitivity),
                    Format.score(option.limit), Format.percent(option.falseRejectRate),
                    option.escapeRate.map(Format.percent) ?? "-")
            }
            return text + table.text
        }
    }

    /// `fsacctl limit set`
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Set the limit by hand.")

        @Argument(help: "The score at which a part is rejected, above 0.")
        var value: Float

        @OptionGroup var change: Change
        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func validate() throws {
            // Scores count typical good parts: a limit of 0 would reject every part.
            guard value.isFinite, value > 0 else { throw ValidationError("the limit has to be above 0") }
        }

        func run() async throws {
            try await change.run(value, recipe, daemon)
        }
    }

    /// `fsacctl limit auto`
    struct Auto: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Go back to the limit that calibration found.")
        @OptionGroup var change: Change
        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            try await change.run(nil, recipe, daemon)
        }
    }
}
