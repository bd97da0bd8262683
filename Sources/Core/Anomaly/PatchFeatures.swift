// N patches, D feature width, L layers.

/// What the patch memory compares: one unit vector a patch, made of the features of several layers.
package struct PatchFeatures: Sendable, Equatable {
    package let grid: PatchGrid
    /// `[N, D]`, rows of Euclidean norm 1, patches in row-major order of the grid.
    package let rows: Matrix
    /// The columns of each layer; they add up to D.
    package let layerWidths: [Int]
    /// What the backbone says of the picture as a whole; nil where the method does not ask for it.
    package let whole: WholePicture?
    /// Of each fine view of the model; none where a method has none, or where a view does not show the picture.
    package var fine: [FinePatches] = []

    package init(grid: PatchGrid, rows: Matrix, whole: WholePicture? = nil) {
        self.init(grid: grid, rows: rows, layerWidths: [rows.columns], whole: whole)
    }

    init(grid: PatchGrid, rows: Matrix, layerWidths: [Int], whole: WholePicture?) {
        precondition(rows.rows == grid.count, "patch features: \(rows.rows) rows for \(grid)")
        self.grid = grid
        self.rows = rows
        self.layerWidths = layerWidths
        self.whole = whole
    }

    /// Joins layers: each is averaged locally (if asked), normalised, and brought to the finest layer's grid; then they are
    /// concatenated and normalised again, so that every layer has the same say.
    ///
    /// - Parameter layers: as in `features.layers`; the result's columns follow their order.
    /// - Precondition: `features` has all of the layers.
    /// - SeeAlso: Roth et al., section 3.1 ("locally aware patch features").
    package init(_ features: Features, layers: [Int], localAveraging: Bool) {
        let maps = layers.compactMap { features.layers[$0] }
        precondition(
            maps.count == layers.count && !maps.isEmpty, "patch features: layers \(layers) of \(features.layers.keys)")
        let finest = Self.finestGrid(of: maps)
        let normalised = maps.map { map in
            var map = localAveraging ? map.locallyAveraged() : map
            map.tokens.normalizeRows()
            return map.resampled(to: finest, .bilinear).tokens
        }
        var joined = Matrix(joiningColumns: normalised)
        joined.normalizeRows()
        self.init(grid: finest, rows: joined, layerWidths: normalised.map(\.columns), whole: WholePicture(features))
    }

    /// The picture as a whole alone.
    var withoutPatches: PatchFeatures {
        PatchFeatures(grid: grid, rows: Matrix(rows: grid.count, columns: 0), whole: whole)
    }

    /// Some of the columns alone, averaged locally (if asked) and normalised.
    package func columns(_ columns: Range<Int>, localAveraging: Bool) -> PatchFeatures {
        var values: [Float] = []
        values.reserveCapacity(rows.rows * columns.count)
        for row in 0..<rows.rows {
            values += rows.values[row * rows.columns + columns.lowerBound..<row * rows.columns + columns.upperBound]
        }
        let map = FeatureMap(grid: grid, tokens: Matrix(rows: rows.rows, columns: columns.count, values: values))
        var tokens = (localAveraging ? map.locallyAveraged() : map).tokens
        tokens.normalizeRows()
        return PatchFeatures(grid: grid, rows: tokens)
    }

    /// For each patch that counts, the distance to the most similar one of the same picture that is farther away than `beyond`
    /// patches down or across.
    func distancesToItself(
        beyond: Int, counting mask: PatchMask, _ parallelism: Parallelism
    ) -> [Float] {
        let products = rows.multiplied(byTransposed: rows, parallelism: parallelism)
        let patches = mask.patches
        return patches.map { patch in
            var best: Float = -1
            for other in patches {
                let down = abs(patch / grid.columns - other / grid.columns)
                let across = abs(patch % grid.columns - other % grid.columns)
                if max(down, across) > beyond { best = max(best, products[patch, other]) }
            }
            return min(max(1 - best, 0), 2)
        }
    }

    /// The first of the grids with the most patches.
    static func finestGrid(of maps: [FeatureMap]) -> PatchGrid {
        maps.dropFirst().reduce(maps[0].grid) { $1.grid.count > $0.count ? $1.grid : $0 }
    }
}

extension FeatureMap {
    /// Every token replaced by the mean over the tokens of its 3 x 3 window; at the border the window is smaller.
    package func locallyAveraged() -> FeatureMap {
        FeatureMap(grid: grid, tokens: averaged(alongRows: true).averaged(alongRows: false).tokens)
    }

    /// The mean over three neighbours along one axis; windows of both axes together make the square one.
    private func averaged(alongRows: Bool) -> FeatureMap {
        let width = tokens.columns
        let step = alongRows ? grid.columns : 1
        var result = tokens
        result.values.withUnsafeMutableBufferPointer { output in
            tokens.values.withUnsafeBufferPointer { input in
                for patch in 0..<grid.count {
                    let place = alongRows ? patch / grid.columns : patch % grid.columns
                    let end = alongRows ? grid.rows : grid.columns
                    let first = place > 0 ? patch - step : patch
                    let last = place < end - 1 ? patch + step : patch
                    let scale = 1 / Float((last - first) / step + 1)
                    for c in 0..<width {
                        var sum = input[patch * width + c]
                        if first < patch { sum += input[first * width + c] }
                        if last > patch { sum += input[last * width + c] }
                        output[patch * width + c] = sum * scale
                    }
                }
            }
        }
        return FeatureMap(grid: grid, tokens: result)
    }
}

extension Matrix {
    /// The matrices side by side: `[N, D1], [N, D2], ... -> [N, D1 + D2 + ...]`.
    init(joiningColumns matrices: [Matrix]) {
        guard matrices.count > 1 else {
            self = matrices[0]
            return
        }
        precondition(
            matrices.allSatisfy { $0.rows == matrices[0].rows }, "joined columns: \(matrices.map(\.rows)) rows")
        let columns = matrices.map(\.columns).reduce(0, +)
        var values: [Float] = []
        values.reserveCapacity(matrices[0].rows * columns)
        for row in 0..<matrices[0].rows {
            for matrix in matrices { values += matrix.row(row) }
        }
        self.init(rows: matrices[0].rows, columns: columns, values: values)
    }

    /// One row each; at least one.
    init(joining rows: [[Float]]) {
        self.init(rows: rows.count, columns: rows[0].count, values: Array(rows.joined()))
    }

    /// The matrices one below the other; at least one, all of one width.
    init(joiningRows matrices: [Matrix]) {
        let width = matrices[0].columns
        precondition(matrices.allSatisfy { $0.columns == width }, "joined rows: \(matrices.map(\.columns)) columns")
        self.init(rows: matrices.map(\.rows).reduce(0, +), columns: width, values: matrices.flatMap(\.values))
    }

    /// The columns with the given indices, in that order.
    func columns(_ indices: [Int]) -> Matrix {
        var values: [Float] = []
        values.reserveCapacity(rows * indices.count)
        for row in 0..<rows { for column in indices { values.append(self[row, column]) } }
        return Matrix(rows: rows, columns: indices.count, values: values)
    }

    /// The rows with the given indices, in that order.
    func rows(_ indices: [Int]) -> Matrix {
        var values: [Float] = []
        values.reserveCapacity(indices.count * columns)
        for index in indices { values += row(index) }
        return Matrix(rows: indices.count, columns: columns, values: values)
    }
}
