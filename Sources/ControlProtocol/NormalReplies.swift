/// One normal shot of the recipe.
package struct NormalReply: Codable, Sendable, Equatable {
    /// Of the bytes as they came; its name everywhere.
    package var sha256: String
    package var format: String
    package var bytes: Int
    /// The generation in use was fitted from it.
    package var fitted: Bool

    package init(sha256: String, format: String, bytes: Int, fitted: Bool) {
        self.sha256 = sha256
        self.format = format
        self.bytes = bytes
        self.fitted = fitted
    }
}

/// Answer of `GET /v1/normals`.
package struct NormalsReply: Codable, Sendable, Equatable {
    package var recipe: String
    package var normals: [NormalReply]
    /// Shots that a roll-back took out: no fit learns from them until they are restored. Absent from older daemons.
    package var setAside: [NormalReply]?

    package init(recipe: String, normals: [NormalReply], setAside: [NormalReply]) {
        self.recipe = recipe
        self.normals = normals
        self.setAside = setAside
    }

    private enum CodingKeys: String, CodingKey {
        case recipe, normals
        case setAside = "set_aside"
    }
}

/// Answer of `POST /v1/normals/<sha256>/restore`.
package struct RestoreNormalReply: Codable, Sendable, Equatable {
    package var restored: String
    package var fit: FitReply?

    package init(restored: String, fit: FitReply?) {
        self.restored = restored
        self.fit = fit
    }
}

/// Answer of `DELETE /v1/normals/<sha256>`.
package struct RemoveNormalReply: Codable, Sendable, Equatable {
    package var removed: String
    package var fit: FitReply?

    package init(removed: String, fit: FitReply?) {
        self.removed = removed
        self.fit = fit
    }
}
