// N patches, D feature width.

/// Which patches show the part and which the background, told from their features: the first principal component of the
/// first shot's patches, cut in two (AnomalyDINO, Damm et al., WACV 2025, section 3.2).
///
/// Here the cut is Otsu's threshold, which needs no unit; background is only what hangs together with the picture's border,
/// so that a hole or a patch in the part's middle is judged whatever it looks like; and where the component does not split
/// the shot into a middle and a surrounding, there is no foreground at all and every patch counts.
package struct FeatureForeground: Sendable, Equatable {
    /// The share of a shot's patches that a part may have: less is no part, more leaves nothing worth masking.
    private static let plausibleShares = 0.05...0.9
    /// The share of the component's variance that is between the two sides: 0.64 for a single normal distribution.
    private static let smallestSeparation: Float = 0.7
    /// How much more of the middle than of the border must be foreground, in shares of each.
    private static let smallestContrast = 0.3

    /// `[2, D]`: the mean of the shot's features, and the component, which points to the part.
    let axis: Matrix
    let threshold: Float
    /// A picture with fewer patches of the part shows none.
    var smallestPart = 1

    init(axis: Matrix, threshold: Float) {
        self.axis = axis
        self.threshold = threshold
    }

    /// Nil when the shot has no part that stands out.
    package init?(_ features: PatchFeatures, counting counted: PatchMask) {
        var axis = Self.firstComponent(counted.rows(of: features.rows))
        let along = Self.project(features.rows, on: axis)
        let patches = counted.patches
        guard let cut = Self.otsu(patches.map { along[$0] }), cut.separation >= Self.smallestSeparation else {
            return nil
        }
        let isAbove = along.map { $0 > cut.threshold }
        let contrast = Self.contrast(isAbove, features.grid, patches)
        guard abs(contrast) >= Self.smallestContrast else { return nil }
        if contrast < 0 { for c in 0..<axis.columns { axis[1, c] = -axis[1, c] } }
        self.init(axis: axis, threshold: contrast < 0 ? -cut.threshold : cut.threshold)
        guard Self.plausibleShares.contains(Double(part(of: features, counted).count) / Double(patches.count)) else {
            return nil
        }
    }

    /// The patches that show the part, of those that count; nil when there is no part in the picture.
    package func mask(of features: PatchFeatures, counting counted: PatchMask) -> PatchMask? {
        let patches = part(of: features, counted)
        return patches.count < smallestPart ? nil : PatchMask(patches, of: features.grid)
    }

    /// Above the threshold, closed, filled, and one patch wider: features reach beyond their patch.
    private func part(of features: PatchFeatures, _ counted: PatchMask) -> [Int] {
        let along = Self.project(features.rows, on: axis)
        let grid = PatchSet(features.grid, along.map { $0 > threshold })
        guard grid.contains.contains(true) else { return [] }
        let part = grid.dilated().eroded().filled().dilated()
        return counted.patches.filter { part.contains[$0] }
    }

    /// `[2, D]`: mean and first principal component.
    private static func firstComponent(_ rows: Matrix) -> Matrix {
        var mean = [Float](repeating: 0, count: rows.columns)
        for row in 0..<rows.rows { for c in 0..<rows.columns { mean[c] += rows[row, c] / Float(rows.rows) } }
        var centred = rows
        for row in 0..<rows.rows { for c in 0..<rows.columns { centred[row, c] -= mean[c] } }
        // A second axis makes the first converge faster where the third is small.
        let component = centred.principalAxes(min(2, rows.columns), iterations: 50).row(0)
        return Matrix(rows: 2, columns: rows.columns, values: mean + component)
    }

    /// The component of each row, from the mean on.
    private static func project(_ rows: Matrix, on axis: Matrix) -> [Float] {
        let products = rows.multiplied(byTransposed: axis)
        let origin = zip(axis.row(0), axis.row(1)).reduce(0) { $0 + $1.0 * $1.1 }
        return (0..<rows.rows).map { products[$0, 1] - origin }
    }

    /// The threshold with the largest variance between the values on both sides, and that variance's share of the whole.
    ///
    /// - SeeAlso: Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9, 1979.
    package static func otsu(_ values: [Float]) -> (threshold: Float, separation: Float)? {
        let sorted = values.sorted().map(Double.init)
        let count = Double(sorted.count)
        let total = sorted.reduce(0, +)
        let variance = sorted.reduce(0) { $0 + ($1 - total / count) * ($1 - total / count) } / count
        guard variance > 0 else { return nil }
        var (best, threshold, below) = (0.0, 0.0, 0.0)
        for index in 0..<sorted.count - 1 {
            below += sorted[index]
            guard sorted[index] < sorted[index + 1] else { continue }
            let share = Double(index + 1) / count
            let difference = below / Double(index + 1) - (total - below) / (count - Double(index + 1))
            let between = share * (1 - share) * difference * difference
            if between > best { (best, threshold) = (between, (sorted[index] + sorted[index + 1]) / 2) }
        }
        return (Float(threshold), Float(best / variance))
    }

    /// The share of the middle (three fifths of each side) that is set, less that of the outermost patches.
    private static func contrast(_ isSet: [Bool], _ grid: PatchGrid, _ patches: [Int]) -> Double {
        var (middle, border) = (Share(), Share())
        for patch in patches {
            let (row, column) = (patch / grid.columns, patch % grid.columns)
            let down = (Double(row) + 0.5) / Double(grid.rows)
            let across = (Double(column) + 0.5) / Double(grid.columns)
            if (0.2...0.8).contains(down) && (0.2...0.8).contains(across) { middle.add(isSet[patch]) }
            if row == 0 || column == 0 || row == grid.rows - 1 || column == grid.columns - 1 {
                border.add(isSet[patch])
            }
        }
        return middle.value - border.value
    }

    private struct Share {
        private var set = 0
        private var count = 0

        mutating func add(_ isSet: Bool) {
            set += isSet ? 1 : 0
            count += 1
        }

        var value: Double { count > 0 ? Double(set) / Double(count) : 0 }
    }
}

/// Some patches of a grid. Beyond the border there is nothing.
private struct PatchSet {
    let grid: PatchGrid
    var contains: [Bool]

    init(_ grid: PatchGrid, _ contains: [Bool]) {
        self.grid = grid
        self.contains = contains
    }

    /// With the 8 neighbours of each.
    func dilated() -> PatchSet { combined(around: true) }

    /// Without those that have a neighbour inside of the grid that is not set.
    func eroded() -> PatchSet { combined(around: false) }

    /// Each patch is `value` if one of its 3 x 3 window is.
    private func combined(around value: Bool) -> PatchSet {
        PatchSet(
            grid,
            contains.indices.map { patch in
                let (row, column) = (patch / grid.columns, patch % grid.columns)
                for r in max(row - 1, 0)...min(row + 1, grid.rows - 1) {
                    for c in max(column - 1, 0)...min(column + 1, grid.columns - 1)
                    where contains[r * grid.columns + c] == value {
                        return value
                    }
                }
                return !value
            })
    }

    /// With the areas that do not reach the border.
    func filled() -> PatchSet {
        let outside = ConnectedComponents(height: grid.rows, width: grid.columns) { !contains[$0] }
        var result = self
        for patch in contains.indices where !contains[patch] {
            let area = outside.components[Int(outside.labels[patch])]
            let reachesBorder =
                area.rows.lowerBound == 0 || area.columns.lowerBound == 0 || area.rows.upperBound == grid.rows - 1
                || area.columns.upperBound == grid.columns - 1
            if !reachesBorder { result.contains[patch] = true }
        }
        return result
    }
}
