package import ControlProtocol

/// What a client of the broker asks of the line. There is nothing else that it could.
package struct StationCommand: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case recipe, lot
    }

    package enum Request: Sendable, Equatable {
        case recipe(UseRecipeRequest)
        case lot(LotRequest)
    }

    package let request: Request

    /// - Throws: when it is none that fsacd would take.
    package init(_ kind: Kind, _ payload: [UInt8]) throws(RequestProblem) {
        guard payload.count <= ControlLimits.requestBytes else {
            throw .unreadable("\(payload.count) bytes", known: ["\(ControlLimits.requestBytes) at most"])
        }
        request =
            switch kind {
            case .recipe: .recipe(try ControlCoding.decodeRequest(UseRecipeRequest.self, from: payload))
            case .lot: .lot(try ControlCoding.decodeRequest(LotRequest.self, from: payload))
            }
    }

    /// What its sender is told.
    package struct Answer: Encodable, Sendable, Equatable {
        var done: Bool
        /// Why not, as fsacd says it.
        var error: ErrorReply.Body?

        /// - Parameter error: nil = it was done.
        package init(_ error: ErrorReply.Body?) { (done, self.error) = (error == nil, error) }
    }
}
