import ControlProtocol
package import Core
import Platform

/// A limit that an operator set by hand or accepted after commissioning (`recipes/<name>/limit.json`).
///
/// It outlives a re-fit: the operator's word stands until `limit auto`. Scores of another backbone or method are on
/// another scale, so it counts only for the pair it was set for.
package struct ManualLimit: Codable, Sendable, Equatable {
    private static let currentUnit = "typical good part"

    package var value: Float
    var kind: ModelKind
    /// What the value is measured in; nil in files of before there was a unit.
    private var unit: String?
    /// What it rests on, when it was accepted after commissioning.
    package var proposal: LimitProposal?

    init(value: Float, for kind: ModelKind, proposal: LimitProposal? = nil) throws(StoreError) {
        guard value.isFinite, value > 0 else { throw .invalidLimit(value) }
        self.value = value
        self.kind = kind
        self.proposal = proposal
        unit = Self.currentUnit
    }

    /// Whether it is on the scale of a model of this kind.
    func holds(for kind: ModelKind) -> Bool { unit == Self.currentUnit && self.kind.sharesScale(with: kind) }
}

extension RecipeStore {
    private var limitPath: String { "\(folder)/limit.json" }

    /// Nil when none was set.
    func manualLimit() throws -> ManualLimit? {
        guard try disk.names(in: folder).contains("limit.json") else { return nil }
        return try ControlCoding.decode(ManualLimit.self, from: disk.read(limitPath))
    }

    func setManualLimit(_ limit: ManualLimit?) throws {
        if let limit {
            try disk.replace(limitPath, with: [UInt8](ControlCoding.encode(limit)))
        } else if try disk.names(in: folder).contains("limit.json") {
            try disk.removeForGood(limitPath)
        }
    }
}
