package import Core

/// A limit that an operator set by hand or accepted after commissioning (`recipes/<name>/limit.json`).
///
/// It outlives a re-fit: the operator's word stands until `limit auto`. Scores of another backbone or method are on
/// another scale, so it counts only for the pair it was set for.
package struct ManualLimit: Codable, Sendable, Equatable {
    /// Scores are divided by those of a typical good part. A file of before that has numbers on another scale.
    private static let currentUnit = "typical good part"

    /// What it was set for.
    enum Scale: Equatable {
        case kind(ModelKind)
        /// Of a file that was written beside model documents of version 2.
        case text(ModelKindText)
    }

    package var value: Float
    var scale: Scale
    /// What the value is measured in; nil in files of before there was a unit.
    private var unit: String?
    /// What it rests on, when it was accepted after commissioning.
    package var proposal: LimitProposal?

    enum CodingKeys: String, CodingKey {
        case value, unit, proposal
        case scale = "kind"
    }

    init(value: Float, for kind: ModelKind, proposal: LimitProposal? = nil) throws(StoreError) {
        try Self.check(value)
        self.value = value
        scale = .kind(kind)
        self.proposal = proposal
        unit = Self.currentUnit
    }

    /// - Throws: `invalidLimit`. Scores are above 0: a limit of 0 would reject everything, and what is no number cannot be compared.
    static func check(_ value: Float) throws(StoreError) {
        guard value.isFinite, value > 0 else { throw .invalidLimit(value) }
    }

    /// Whether it is on the scale of a model of this kind.
    func holds(for kind: ModelKind) -> Bool {
        guard unit == Self.currentUnit else { return false }
        return switch scale {
        case .kind(let own): own.sharesScale(with: kind)
        case .text(let text): text == ModelKindText(kind)
        }
    }

    /// What it was set for, for people.
    var scaleWords: String {
        switch scale {
        case .kind(let kind): "\(kind)"
        case .text(let text): "\(text.backbone), \(text.method)"
        }
    }
}

extension ManualLimit.Scale: Codable {
    init(from decoder: any Decoder) throws {
        // What is no text is a kind, or the error says what is wrong with it.
        if let text = try? ModelKindText(from: decoder) {
            self = .text(text)
        } else {
            self = .kind(try ModelKind(from: decoder))
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .kind(let kind): try kind.encode(to: encoder)
        case .text(let text): try text.encode(to: encoder)
        }
    }
}

extension RecipeStore {
    /// Nil when none was set.
    func manualLimit() throws(DocumentError) -> ManualLimit? {
        try documents.read(ManualLimit.self, from: path(Self.limitName))
    }

    func setManualLimit(_ limit: ManualLimit?) throws { try documents.write(limit, to: path(Self.limitName)) }
}
