import ArgumentParser
import ControlClient
import ControlProtocol

extension JudgedAs: ExpressibleByArgument {
    /// In any case of letters.
    package init?(argument: String) {
        guard let judged = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
            return nil
        }
        self = judged
    }

    package static var allValueStrings: [String] { allCases.map { $0.rawValue.lowercased() } }
}

/// `fsacctl judge`: what a person says of a part.
struct Judge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether a part that got a verdict is good or bad.",
        discussion: """
            It is an event with who said it, on the disk before this command ends; the line of the verdict never changes. `fsacctl statistics` \
            counts false rejects and escapes by it. The last word of each person counts; `unsure` takes one's own back. The picture \
            of a judged part stays while others can go, of the newest 500.
            """)

    @Argument(help: "The verdict's number, as `fsacctl tail` shows it.")
    var seq: UInt64

    @Argument(help: "ok, ng or unsure.")
    var judged: JudgedAs

    @Option(help: ArgumentHelp("Why, for people.", valueName: "text"))
    var note: String?

    @Option(help: ArgumentHelp("What is wrong with it, in a word: scratch.", valueName: "word"))
    var defect: String?

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if defect != nil, judged != .ng { throw ValidationError("--defect goes with ng") }
    }

    func run() async throws {
        let reply = try await daemon.client.request(
            .post, ControlPath.judgements,
            body: .json(JudgementRequest(seq: seq, judged: judged, note: note, defect: defect)),
            as: JudgementReply.self)
        if daemon.json { return try printJSON(reply) }
        Terminal.write(
            "\(reply.seq): verdict \(reply.verdict.rawValue), "
                + (reply.judged == .unsure ? "what you said is taken back" : "judged \(reply.judged.rawValue)")
                + (reply.hasPicture == false ? "; its picture is not stored\n" : "\n"))
    }
}
