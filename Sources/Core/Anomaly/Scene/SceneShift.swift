internal import Glibc

/// A whole picture that is not as the shots were: the light, the focus or the camera moved. A part's defect does not make one.
package struct SceneShift: Sendable, Equatable, CustomStringConvertible {
    package enum Quality: String, Sendable, CaseIterable {
        case brightness, red, blue, sharpness, position
    }

    package struct Change: Sendable, Equatable {
        package let quality: Quality
        /// What changed by how much, and what is tolerated: `brightness +31 % (tolerated: 13 %)`.
        package let text: String
        /// How many times what is tolerated; above 1.
        package let excess: Double
    }

    /// The largest excess first; never empty.
    package let changes: [Change]

    package var description: String { changes.map(\.text).joined(separator: ", ") }
}

/// Looks at pictures as a whole.
package struct SceneMonitor: Sendable {
    private let statistics: SceneStatistics
    private let registration: Registration?

    package init(_ statistics: SceneStatistics) {
        self.statistics = statistics
        registration = statistics.position.map { Registration(to: $0.picture) }
    }

    /// What of a picture is not as in the shots; nil when it is as they are.
    ///
    /// - Parameter image: the picture as the model sees it.
    /// - Complexity: about a millisecond.
    package func shift(of image: Image) -> SceneShift? {
        let profile = SceneProfile(image)
        let tolerance = statistics.tolerance
        let changes =
            [
                ratio(.brightness, "brightness", profile.levels, statistics.levels, tolerance.level),
                ratio(.red, "red against green", profile.reds, statistics.reds, tolerance.colour),
                ratio(.blue, "blue against green", profile.blues, statistics.blues, tolerance.colour),
                ratio(.sharpness, "fine detail", profile.details, statistics.details, tolerance.detail),
                move(profile),
            ].compactMap { $0 }
        return changes.isEmpty ? nil : SceneShift(changes: changes.sorted { $0.excess > $1.excess })
    }

    private func ratio(
        _ quality: SceneShift.Quality, _ name: String, _ cells: [Float], _ reference: [Float], _ tolerated: Double
    ) -> SceneShift.Change? {
        let difference = SceneProfile.difference(cells, reference)
        guard abs(difference) > tolerated else { return nil }
        // What is tolerated in the direction of the change.
        let bound = exp(difference < 0 ? -tolerated : tolerated) - 1
        return .init(
            quality: quality, text: "\(name) \(signed(exp(difference) - 1)) (tolerated: \(signed(bound)))",
            excess: abs(difference) / tolerated)
    }

    private func move(_ profile: SceneProfile) -> SceneShift.Change? {
        guard let registration, let position = statistics.position else { return nil }
        let shift = registration.shift(of: profile.miniature)
        let (right, down) = (shift.right - position.right, shift.down - position.down)
        let distance = hypot(right, down)
        guard shift.isClear, distance > statistics.tolerance.position else { return nil }
        let across = "\(percent(abs(right))) of the width to the \(right < 0 ? "left" : "right")"
        let along = "\(percent(abs(down))) of the height \(down < 0 ? "up" : "down")"
        let directions = [(abs(right), across), (abs(down), along)].filter { $0.0 >= 0.005 }.map(\.1)
        return .init(
            quality: .position,
            text:
                "position \(directions.joined(separator: " and ")) (tolerated: \(percent(statistics.tolerance.position)))",
            excess: distance / statistics.tolerance.position)
    }

    private func signed(_ share: Double) -> String { (share < 0 ? "-" : "+") + percent(abs(share)) }

    private func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) %" : "\((tenths + 5) / 10) %"
    }
}
