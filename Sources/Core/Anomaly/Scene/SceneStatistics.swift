internal import Foundation

/// What the shots look like as a whole, and how far a picture may differ from that before it is the scene that changed and not
/// the part: light, colour, focus, position.
package struct SceneStatistics: Sendable, Codable, Equatable {
    /// Sorted cells of each quality, means over the shots; logarithms. See ``SceneProfile``.
    let levels: [Float]
    let reds: [Float]
    let blues: [Float]
    let details: [Float]
    let tolerance: Tolerance
    /// Nil when the shots do not lie alike, or there is but one.
    let position: Position?

    /// Largest tolerated differences: of logarithms, and for the position of shares of the side. The shots may widen them.
    struct Tolerance: Codable, Equatable {
        var level = 0.12
        var colour = 0.08
        var detail = 0.4
        var position = 0.02

        func widened(by factor: Double) -> Tolerance {
            Tolerance(level: level * factor, colour: colour * factor, detail: detail * factor, position: position)
        }
    }

    /// Where the shots lie.
    struct Position: Codable, Equatable {
        /// The first shot's small copy, one byte a point.
        let miniature: Data
        /// Mean over the shots, against the first one, as shares of the side.
        let right: Double
        let down: Double

        var picture: Matrix {
            Matrix(rows: SceneProfile.side, columns: SceneProfile.side, values: miniature.map(Float.init))
        }
    }

    /// A tolerance is never smaller than this many times what the shots differ from each other.
    private static let margin = 3.0
    /// For the differences that one shot cannot show.
    private static let marginOfOne = 1.5
    /// Shots that lie more differently are not fixtured.
    private static let widestPosition = 0.1

    /// - Parameter images: of the shots, as the model sees them; at least one.
    package init(shots images: [Image]) { self.init(images.map(SceneProfile.init)) }

    private init(_ profiles: [SceneProfile]) {
        precondition(!profiles.isEmpty, "scene statistics of no shots")
        levels = Self.mean(profiles.map(\.levels))
        reds = Self.mean(profiles.map(\.reds))
        blues = Self.mean(profiles.map(\.blues))
        details = Self.mean(profiles.map(\.details))
        var tolerance = Self.tolerance(of: profiles)
        if let (position, spread) = Self.position(of: profiles) {
            tolerance.position = max(tolerance.position, Self.margin * spread)
            self.position = tolerance.position <= Self.widestPosition ? position : nil
        } else {
            position = nil
        }
        self.tolerance = tolerance
    }

    /// - Throws: `shotUnreadable`.
    init(of shots: [Shot], inputSize: Int) throws(FitError) {
        var profiles: [SceneProfile] = []
        for shot in shots {
            do {
                profiles.append(SceneProfile(try shot.image(inputSize: inputSize)))
            } catch {
                throw .shotUnreadable(sha256: shot.sha256, error)
            }
        }
        self.init(profiles)
    }

    /// From what each shot differs from the others.
    private static func tolerance(of profiles: [SceneProfile]) -> Tolerance {
        var tolerance = Tolerance()
        guard profiles.count > 1 else { return tolerance.widened(by: marginOfOne) }
        for index in profiles.indices {
            var others = profiles
            let held = others.remove(at: index)
            func spread(_ quality: (SceneProfile) -> [Float]) -> Double {
                margin * abs(SceneProfile.difference(quality(held), mean(others.map(quality))))
            }
            tolerance.level = max(tolerance.level, spread(\.levels))
            tolerance.colour = max(tolerance.colour, spread(\.reds), spread(\.blues))
            tolerance.detail = max(tolerance.detail, spread(\.details))
        }
        return tolerance
    }

    /// Where the shots lie, and the farthest that one lies from there; nil when that cannot be told.
    private static func position(of profiles: [SceneProfile]) -> (Position, spread: Double)? {
        guard profiles.count > 1 else { return nil }
        let bytes = profiles[0].miniature.values.map { UInt8(min(max($0.rounded(), 0), 255)) }
        let registration = Registration(to: profiles[0].miniature)
        let shifts = profiles.map { registration.shift(of: $0.miniature) }
        guard shifts.allSatisfy(\.isClear) else { return nil }
        let right = shifts.map(\.right).reduce(0, +) / Double(shifts.count)
        let down = shifts.map(\.down).reduce(0, +) / Double(shifts.count)
        let spread = shifts.map { hypot($0.right - right, $0.down - down) }.max() ?? 0
        return (Position(miniature: Data(bytes), right: right, down: down), spread)
    }

    private static func mean(_ lists: [[Float]]) -> [Float] {
        lists[0].indices.map { index in lists.map { $0[index] }.reduce(0, +) / Float(lists.count) }
    }

    /// Whether the lists fit together; what was stored may be anything.
    var isWellFormed: Bool {
        let lists = [levels, reds, blues, details + details]
        let tolerances = [tolerance.level, tolerance.colour, tolerance.detail, tolerance.position]
        return lists.allSatisfy { $0.count == SceneProfile.cells * SceneProfile.cells && $0.allSatisfy(\.isFinite) }
            && tolerances.allSatisfy { $0 > 0 && $0.isFinite }
            && position.map { position in
                position.miniature.count == SceneProfile.side * SceneProfile.side && position.right.isFinite
                    && position.down.isFinite
            } ?? true
    }
}
