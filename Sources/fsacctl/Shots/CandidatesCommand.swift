import ArgumentParser
import ControlClient
import ControlProtocol
import Platform

/// `fsacctl candidates`: from what people say of parts to what the next model knows. Never by itself.
struct CandidatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "candidates",
        abstract: "Parts that people judged otherwise, or that are worth a look.",
        discussion: """
            NG parts that somebody judged good can become normal shots (preview, accept); OK parts that somebody judged bad are \
            listed. Parts that are uncertain, odd, or OK with the highest scores are worth a look: judge them. `fsacctl models \
            rollback` undoes what was accepted.
            """,
        subcommands: [List.self, Preview.self, Accept.self, Dismiss.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show them, those of people first.")

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.candidates(recipe.query)
            if daemon.json { return try printJSON(reply) }
            var table = Table(">seq", "verdict", ">score", ">limit", "what")
            for candidate in reply.candidates {
                table.add(
                    "\(candidate.seq)", candidate.verdict.rawValue, Format.score(candidate.score),
                    Format.score(candidate.limit),
                    candidate.kind.words + (candidate.hasPicture ? "" : "; its picture is not stored any more"))
            }
            Terminal.write(reply.candidates.isEmpty ? "no candidates\n" : table.text)
        }
    }

    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what accepting NG parts that were judged good would change; changes nothing.")

        @OptionGroup var choice: Choice

        func run() async throws { try await choice.send(isDryRun: true, isForced: false) }
    }

    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make NG parts that were judged good normal shots, and fit a new model.",
            discussion: """
                As `fsacctl add-normal --from-verdict`: a person has said of each that it is good, and what they would change is \
                looked at first. When other NG parts would pass, none is accepted without --force.
                """)

        @OptionGroup var choice: Choice

        @Flag(help: "A person has looked at the parts that would pass, too, and all of them are good.")
        var force = false

        func run() async throws { try await choice.send(isDryRun: false, isForced: force) }
    }

    struct Dismiss: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take parts off the list; what was said of them stays said.")

        @Argument(help: "Numbers of verdicts.")
        var seq: [UInt64]

        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.request(
                .post, ControlPath.candidatesDismiss, body: .json(CandidateDismissal(seqs: seq)),
                as: CandidateDismissal.self)
            if daemon.json { return try printJSON(reply) }
            Terminal.write("dismissed: \(reply.seqs.map(String.init).joined(separator: ", "))\n")
        }
    }

    /// Which candidates, and where.
    struct Choice: ParsableArguments {
        @Argument(help: "Numbers of verdicts (default: all NG that were judged good, the newest 32).")
        var seq: [UInt64] = []

        @Option(help: "Recent parts to judge again with the new model: 1 to 1000.")
        var preview = 200

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func validate() throws {
            guard (1...ControlLimits.previewParts).contains(preview) else {
                throw ValidationError("--preview: expected 1 to \(ControlLimits.previewParts), got \(preview)")
            }
            guard seq.count <= ControlLimits.shotsAtOnce else {
                throw ValidationError("expected at most \(ControlLimits.shotsAtOnce) numbers, got \(seq.count)")
            }
        }

        func send(isDryRun: Bool, isForced: Bool) async throws {
            let client = daemon.client
            var numbers = seq
            if numbers.isEmpty {
                numbers = try await client.candidates(recipe.query).candidates
                    .filter { $0.kind == .falseReject && $0.hasPicture }.map(\.seq)
            }
            guard !numbers.isEmpty else {
                Terminal.write("no candidates: of no NG part whose picture is stored anybody says that it is good\n")
                return
            }
            let chosen = Array(numbers.prefix(ControlLimits.shotsAtOnce))
            let query = ["dry_run": "\(isDryRun)", "force": "\(isForced)", "preview": "\(preview)"]
            let start = try await client.request(
                .post, ControlPath.normals, query: recipe.query.merging(query) { $1 },
                body: .json(ShotSource.candidates(chosen)), as: AddNormalsReply.self)
            let reply = try await client.follow(start)
            if daemon.json {
                try printJSON(reply)
            } else {
                try await show(reply, chosen)
            }
            if let error = reply.error { throw DaemonError.refused(error) }
            if reply.shots.contains(where: { $0.outcome == .refused }) { throw ExitCode.failure }
        }

        private func show(_ reply: AddNormalsReply, _ numbers: [UInt64]) async throws {
            if let change = reply.change { Terminal.write(AddNormal.text(of: change)) }
            for (number, shot) in zip(numbers, reply.shots) {
                if let refusal = shot.refusal {
                    Terminal.complain("\(number): refused: \(refusal.message)")
                } else {
                    Terminal.write("\(number): \(AddNormal.words(shot.outcome))\n")
                }
            }
            if let generation = reply.generation {
                Terminal.write(try await daemon.client.model(generation, of: reply.recipe).line)
            }
        }
    }
}

extension DaemonClient {
    fileprivate func candidates(_ query: [String: String]) async throws -> CandidateListReply {
        try await get(ControlPath.candidates, query: query, as: CandidateListReply.self)
    }
}

extension CandidateReply.Kind {
    fileprivate var words: String {
        switch self {
        case .falseReject: "NG, and judged good"
        case .escape: "OK, and judged bad"
        case .uncertain: "worth a look: near the limit"
        case .high: "worth a look: one of the highest scores"
        case .odd: "worth a look: unlike the others"
        }
    }
}
