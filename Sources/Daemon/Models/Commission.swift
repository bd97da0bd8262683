/// That a recipe runs on known-good production to find its limit (`recipes/<name>/commission.json`): parts are scored and
/// journalled as INVALID. How far it is, and with which scores, is in the journal.
package struct Commission: Codable, Sendable, Equatable {
    /// Good parts that the limit is to rest on.
    /// Counted of one generation: after a fit counting begins again.
    package var parts: Int
    /// Of the journal, from which on parts count.
    /// Noted before the recipe is muted: none of before counts.
    package var firstSequence: UInt64

    package init(parts: Int, firstSequence: UInt64) {
        self.parts = parts
        self.firstSequence = firstSequence
    }

    enum CodingKeys: String, CodingKey {
        case parts
        case firstSequence = "first_seq"
    }
}

extension RecipeStore {
    /// Nil when none is going on.
    func commission() throws(DocumentError) -> Commission? {
        try documents.read(Commission.self, from: path(Self.commissionName))
    }

    func setCommission(_ commission: Commission?) throws {
        try documents.write(commission, to: path(Self.commissionName))
    }
}
