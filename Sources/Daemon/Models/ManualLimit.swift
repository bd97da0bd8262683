import ControlProtocol

/// A limit that an operator set by hand (`recipes/<name>/limit.json`).
///
/// It outlives a re-fit: the operator's word stands until `limit auto`. Scores of another backbone or method are on
/// another scale, so it counts only for the pair it was set for.
struct ManualLimit: Codable, Sendable, Equatable {
    var value: Float
    var kind: ModelKind

    init(value: Float, for kind: ModelKind) throws(StoreError) {
        guard value.isFinite, value > 0 else { throw .invalidLimit(value) }
        self.value = value
        self.kind = kind
    }
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
