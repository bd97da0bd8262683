/// The lot that a camera's parts are of.
package struct LotReply: Codable, Sendable, Equatable {
    package var camera: String
    /// Absent = none.
    package var lot: String?

    package init(camera: String, lot: String?) {
        self.camera = camera
        self.lot = lot
    }
}

/// Answer of `GET` and `PUT /v1/lots`: all cameras.
package struct LotListReply: Codable, Sendable, Equatable {
    package var lots: [LotReply]

    package init(lots: [LotReply]) { self.lots = lots }
}

/// Body of `PUT /v1/lots`.
package struct LotRequest: RequestFields, Equatable {
    /// Absent = all cameras.
    package var camera: String?
    /// 1 to 128 printable characters; absent = none.
    package var lot: String?

    package init(camera: String?, lot: String?) {
        self.camera = camera
        self.lot = lot
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case camera, lot }
}
