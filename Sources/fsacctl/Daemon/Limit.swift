import ArgumentParser
import ControlProtocol
import Foundation

/// `fsacctl limit`. Each subcommand prints the limit as it is then, in the same words as `status`.
struct Limit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show or change the score at which a part is rejected.",
        discussion: """
            A limit set by hand holds from the next frame on, over re-fits and restarts, until `limit auto`. It does not \
            hold for another backbone or method, whose scores are on another scale.
            """,
        subcommands: [Show.self, Set.self, Auto.self], defaultSubcommand: Show.self)

    fileprivate static func report(_ limit: LimitReply, _ daemon: DaemonOptions) throws {
        if daemon.json { try printJSON(limit) } else { Terminal.write(Status.text(of: limit) + "\n") }
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

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func validate() throws {
            // Scores count typical good parts: a limit of 0 would reject every part.
            guard value.isFinite, value > 0 else { throw ValidationError("the limit has to be above 0") }
        }

        func run() async throws {
            let reply = try await daemon.client.request(
                .put, ControlPath.limit, query: recipe.query, body: .json(LimitRequest(value: value)),
                as: LimitReply.self)
            try Limit.report(reply, daemon)
        }
    }

    /// `fsacctl limit auto`
    struct Auto: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Go back to the limit that calibration found.")
        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.request(
                // No value is the request to go back.
                .put, ControlPath.limit, query: recipe.query, body: .json(LimitRequest(value: nil)), as: LimitReply.self
            )
            try Limit.report(reply, daemon)
        }
    }
}
