import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation

/// `fsacctl teach`: what parts of the line would make of the model, and the word that makes it so. All of it lives in the daemon; the
/// command may end or be ended at any time.
struct Teach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let parts of the running line teach the model, after a look at what changes.",
        discussion: """
            Parts are kept while `fsacctl commission` runs known-good ones, and the first that are OK, and not uncertain, after \
            each fit when the recipe has teach_parts; no pictures of them are needed. 20 to 30 parts, most of them good, tell the \
            limit, and can make the model of one shot better than that of four.

            Shows what the parts would change: both limits, which parts are learnt and which are left out, and which recent \
            verdicts would be others. Nothing has changed then. --accept makes it so, as a new generation: what was shown last, \
            or else what the kept parts give now. Where a part that was NG would pass, the limit would be far higher, a laxer one \
            was set by hand, or the parts are far from what the model knows, it is refused without --force: a person's word. \
            `fsacctl models rollback` undoes it. A commissioning that goes on ends with it.

            Parts count for the generation that judged them: after a fit they are collected anew, and what they had taught is \
            not in the new model. Method auto only.
            """)

    @Flag(help: "Use what the kept parts make of the model.")
    var accept = false

    @Flag(help: "It is meant, whatever passes by it.")
    var force = false

    @Flag(help: "Show how many parts are kept, and the newest proposal.")
    var status = false

    @Flag(help: "Forget the kept parts and the proposal.")
    var forget = false

    @OptionGroup var recipe: RecipeOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard [accept, status, forget].count(where: { $0 }) <= 1 else {
            throw ValidationError("use one of --accept, --status and --forget")
        }
        guard accept || !force else { throw ValidationError("--force goes with --accept") }
    }

    func run() async throws {
        let client = daemon.client
        var reply: TeachReply
        if status {
            reply = try await client.get(ControlPath.teach, query: recipe.query, as: TeachReply.self)
        } else if forget {
            reply = try await client.request(.delete, ControlPath.teach, query: recipe.query, as: TeachReply.self)
        } else {
            let options = ["accept": "\(accept)", "force": "\(force)"]
            reply = try await client.request(
                .post, ControlPath.teach, query: recipe.query.merging(options) { $1 }, as: TeachReply.self)
            reply = try await followed(reply)
        }
        if daemon.json { try printJSON(reply) } else { Terminal.write(Self.text(of: reply)) }
        // Asked for and not done; the proposal, if there is one, is shown all the same.
        if !status, !forget, let error = reply.error { throw DaemonError.refused(error) }
    }

    private func followed(_ start: TeachReply) async throws -> TeachReply {
        let bar = ProgressBar("teaching")
        defer { bar.finish() }
        var reply = start
        while reply.state == .working {
            bar.update(reply.progress ?? 0)
            try await Task.sleep(for: .milliseconds(100))
            reply = try await daemon.client.get(
                ControlPath.teach, query: ["recipe": start.recipe], as: TeachReply.self)
        }
        return reply
    }

    /// One line, and what to do.
    static func keptWords(_ reply: TeachReply) -> String {
        let wanted = reply.wanted > reply.kept ? " of \(reply.wanted)" : ""
        return "\(reply.kept)\(wanted) parts kept for generation \(reply.generation)"
            + (reply.kept >= 10 ? ": `fsacctl teach` shows what they would change" : "")
    }

    ///     30 parts of the line and generation 3: 24 learnt, 5 left out, 1 odd
    ///     limit 1.3105 -> 1.2480
    ///         1041  odd       1.1200 OK -> 1.9300 NG  images/2026/11/27/1041-ok.jpg
    ///     1 of 20 recent parts with a picture changes:
    ///         1077  OK -> NG  part-0031.jpg
    ///     nothing has changed yet: `fsacctl teach --accept` makes it so
    static func text(of reply: TeachReply) -> String {
        guard let proposal = reply.proposal else {
            return keptWords(reply) + "\n"
        }
        let fates = [("learnt", "learnt"), ("left_out", "left out"), ("odd", "odd"), ("again", "seen again")]
        let counts = fates.compactMap { fate, words in
            let count = proposal.parts.count { $0.fate == fate }
            return count == 0 ? nil : "\(count) \(words)"
        }
        var text =
            "\(proposal.parts.count) parts of the line and generation \(proposal.generation): "
            + counts.joined(separator: ", ") + "\n"
        let change = proposal.change
        text += "limit \(Format.score(change.limitBefore)) -> \(Format.score(change.limitAfter))\n"
        for part in proposal.parts where part.fate == "left_out" || part.fate == "odd" {
            text += "  \(String(format: "%8llu", part.seq))  \(part.fate == "odd" ? "odd     " : "left out")  "
            text += "\(Format.score(part.before)) \(part.verdictBefore.rawValue)"
            if let after = part.after, let verdict = part.verdictAfter {
                text += " -> \(Format.score(after)) \(verdict.rawValue)"
            }
            text += (part.image.map { "  \($0)" } ?? "") + "\n"
        }
        text += "\(change.flips.count) of \(change.parts) recent parts with a picture "
        text += (change.flips.count == 1 ? "changes" : "change") + (change.flips.isEmpty ? "\n" : ":\n")
        for flip in change.flips {
            text +=
                "  \(String(format: "%8llu", flip.seq))  \(flip.before.rawValue) -> \(flip.after.rawValue)  \(flip.frame)\n"
        }
        for warning in change.warnings ?? [] { text += Style.doubtful(warning) + "\n" }
        if let objection = proposal.objection, proposal.installed == nil { text += Style.bad(objection) + "\n" }
        switch (proposal.installed, reply.state) {
        case (let generation?, _): text += "generation \(generation) is in use\n"
        case (nil, .proposed): text += "nothing has changed yet: `fsacctl teach --accept` makes it so\n"
        case (nil, _): text += "nothing has changed\n"
        }
        return text
    }
}
