import ControlProtocol
import NIOCore
import Platform
import Statistics

/// What a client asks for: pictures that shall become normal shots, and what is done with them.
struct ShotOrder: Sendable {
    enum Source: Sendable {
        case picture([UInt8])
        case verdict(UInt64)
        /// That people judged good.
        case candidates([UInt64])
        case camera(String, count: Int)

        static let verdictWord = "verdict "

        /// For the event journal.
        ///
        /// - Parameter index: of the shot among those of the order.
        func words(_ index: Int) -> String {
            switch self {
            case .picture: "picture"
            case .verdict(let sequence): "\(Self.verdictWord)\(sequence)"
            case .candidates(let sequences): "\(Self.verdictWord)\(sequences[index])"
            case .camera(let name, _): "camera \(name)"
            }
        }
    }

    let author: ChangeAuthor
    let entry: RecipeBook.Entry
    let source: Source
    /// Nothing is stored.
    let isDryRun: Bool
    let refits: Bool
    /// A person's word that the part is good counts more than what the picture looks like.
    let isForced: Bool
    /// How many recent parts are judged again, when there is a single new picture or they are candidates; 0 = no preview.
    let previewParts: Int
    /// Parts that may pass, for people said that they are good; of an order of such parts.
    var judgedGood: Set<UInt64> = []

    /// That people said of each that it is good.
    var isJudgedGood: Bool { if case .candidates = source { true } else { false } }
}

extension ControlRoutes {
    /// Reads and checks everything that can be told without looking at the picture.
    func order(_ request: ControlRequest) async throws -> ShotOrder {
        var parts = try request.query.number("preview") ?? 0
        guard (0...ControlLimits.previewParts).contains(parts) else {
            throw ControlError.invalidRequest("normals: preview=\(parts): expected 0 to \(ControlLimits.previewParts)")
        }
        let isDryRun = try request.query.flag("dry_run", default: false)
        let refits = try request.query.flag("refit", default: true)
        let isForced = try request.query.flag("force", default: false)
        let source = try source(request)
        var judgedGood: Set<UInt64> = []
        if case .candidates(let sequences) = source {
            judgedGood = try await WorkLane.slow.run { try good(sequences) }
            // What they would let pass is always looked at.
            if parts == 0 { parts = Self.candidateParts }
        }
        let camera: String? = if case .camera(let name, _) = source { name } else { nil }
        return ShotOrder(
            author: request.author, entry: try entry(request, camera: camera), source: source, isDryRun: isDryRun,
            refits: refits,
            isForced: isForced, previewParts: parts, judgedGood: judgedGood)
    }

    private static let candidateParts = 200

    /// - Returns: all parts that people judged good.
    /// - Throws: when some of these are not among them.
    private func good(_ sequences: [UInt64]) throws -> Set<UInt64> {
        let judged = try judgements.judged()
        for sequence in sequences where judged.outcome(of: sequence) != .good {
            let words =
                judged.outcome(of: sequence) == .disputed ? "people disagree about it" : "nobody says that it is good"
            throw ControlError(
                code: .conflict,
                message:
                    "candidates: part \(sequence): \(words): look at it, and if it is good, type `fsacctl judge \(sequence) ok`"
            )
        }
        return Set(judged.parts.filter { $0.outcome == .good }.map(\.seq))
    }

    private func source(_ request: ControlRequest) throws -> ShotOrder.Source {
        if request.contentType.hasPrefix("image/") { return .picture([UInt8](request.body.readableBytesView)) }
        guard request.contentType.hasPrefix("application/json") else {
            throw ControlError(
                code: .unsupportedType,
                message: "normals: content-type: expected image/jpeg or image/png, or application/json")
        }
        switch try request.fields(ShotSource.self) {
        case .verdict(let sequence): return .verdict(sequence)
        case .candidates(let sequences): return .candidates(sequences)
        case .camera(let name, let count): return .camera(try line.cameraName(name), count: count)
        }
    }
}
