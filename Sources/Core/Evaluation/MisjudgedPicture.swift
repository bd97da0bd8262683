package import Foundation

/// A test picture that the automatic limit judges wrong, and where its scores lie.
package struct MisjudgedPicture: Sendable, Equatable, Codable {
    /// Folder and file name below `test`.
    package let file: String
    /// nil: a good part, rejected. Else the defect that escaped.
    package let defect: String?
    /// In limits: from 1 on it is NG.
    package let score: Float
    /// Rows and columns of the small anomaly map.
    package let rows: Int
    package let columns: Int
    /// The anomaly map, one byte a point, row-major; `limitLevel` is at the limit, 255 at twice the limit or above.
    package let levels: Data
    /// Where it is most unusual, and the good patch that is most like that; nil where the model finds no part in it.
    package let nearest: NearestPatch?

    /// The level of a heat map's middle.
    static let limitLevel: Float = 127.5
    /// The longer side of a kept anomaly map: a gallery's pictures are small.
    static let longestSide = 96
    /// Of each kind and run.
    static let kept = 6

    /// - Parameters:
    ///   - anomalyMap: of any size, in the unit of the limit.
    ///   - limit: above 0.
    init(file: String, defect: String?, score: Float, anomalyMap: Matrix, limit: Float, nearest: NearestPatch?) {
        self.file = file
        self.defect = defect
        self.score = score / limit
        rows = anomalyMap.rows
        columns = anomalyMap.columns
        self.nearest = nearest
        levels = Data(anomalyMap.values.map { UInt8(min(max($0 / limit * Self.limitLevel, 0), 255)) })
    }

    /// In limits.
    var anomalyMap: Matrix {
        Matrix(rows: rows, columns: columns, values: levels.map { Float($0) / Self.limitLevel })
    }

    /// How far on the wrong side of the limit, as a ratio, 1 or more.
    var margin: Float { defect == nil ? score : 1 / max(score, .leastNormalMagnitude) }

    /// Whether the numbers fit together; a file from a cache may be anything.
    var isWellFormed: Bool {
        rows > 0 && columns > 0 && rows <= 1024 && columns <= 1024 && levels.count == rows * columns
            && nearest?.isWellFormed != false
    }
}

extension NearestPatch {
    /// Whether its patches have a size.
    fileprivate var isWellFormed: Bool {
        let sides = [right, down] + [match?.place.step].compactMap(\.self)
        let centres = [centre] + [match?.place.centre].compactMap(\.self)
        return sides.allSatisfy { (1e-8...4).contains(($0 * $0).sum()) }
            && centres.allSatisfy { (-1...2).contains($0.min()) && (-1...2).contains($0.max()) }
    }
}

extension [MisjudgedPicture] {
    /// Adds a picture and keeps the worst of each kind, the worst first.
    mutating func add(_ picture: MisjudgedPicture) {
        append(picture)
        sort { ($0.defect == nil ? 0 : 1, $1.margin) < ($1.defect == nil ? 0 : 1, $0.margin) }
        let ofItsKind = indices.filter { (self[$0].defect == nil) == (picture.defect == nil) }
        if ofItsKind.count > MisjudgedPicture.kept, let last = ofItsKind.last { remove(at: last) }
    }
}
