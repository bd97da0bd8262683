// N patches, D feature width, L layers.

/// Patch features in 8 bits a number: a quarter of the room, and far closer to what they were than one good part is to another.
///
/// Each patch has a scale for each layer, so that a layer with one large number in it takes nothing from the others.
package struct CompactFeatures: Sendable, Equatable {
    /// What the largest number of a patch's layer becomes.
    private static let steps: Float = 127

    package let grid: PatchGrid
    /// They add up to D.
    let layerWidths: [Int]
    /// `[N, L]`, what one step is worth; 0 where a layer is nothing but zeros.
    let scales: [Float]
    /// `[N, D]`, -127 ... 127.
    let values: [Int8]

    /// - Precondition: the lists are as long as grid and widths say.
    init(grid: PatchGrid, layerWidths: [Int], scales: [Float], values: [Int8]) {
        precondition(
            scales.count == grid.count * layerWidths.count && values.count == grid.count * layerWidths.reduce(0, +),
            "compact features: \(values.count) numbers and \(scales.count) scales for \(grid), \(layerWidths)")
        self.grid = grid
        self.layerWidths = layerWidths
        self.scales = scales
        self.values = values
    }

    /// - Precondition: the features are finite.
    package init(_ features: PatchFeatures) {
        self.init(grid: features.grid, layers: features.rows.split(features.layerWidths))
    }

    /// The stages of a fine view as layers.
    ///
    /// - Precondition: the features are finite.
    package init(_ features: FinePatches) { self.init(grid: features.grid, layers: features.stages) }

    /// - Parameter layers: `[N, D of the layer]`, at least one.
    private init(grid: PatchGrid, layers: [Matrix]) {
        var scales: [Float] = []
        var values: [Int8] = []
        scales.reserveCapacity(grid.count * layers.count)
        values.reserveCapacity(layers.reduce(0) { $0 + $1.values.count })
        for patch in 0..<grid.count {
            for layer in layers {
                let row = layer.row(patch)
                let largest = row.reduce(Float(0)) { max($0, abs($1)) }
                let scale = largest / Self.steps
                scales.append(scale)
                values += row.map { scale > 0 ? Int8(($0 / scale).rounded()) : 0 }
            }
        }
        self.init(grid: grid, layerWidths: layers.map(\.columns), scales: scales, values: values)
    }

    /// - Parameter embedding: of the picture as a whole; nil where nobody reads it.
    package func features(embedding: [Float]?) -> PatchFeatures {
        PatchFeatures(
            grid: grid, rows: Matrix(joiningColumns: layerWidths.indices.map { unpacked($0) }),
            layerWidths: layerWidths, whole: embedding.map { WholePicture(embedding: $0) })
    }

    /// `[N, D of the layer]`, rows of norm 1.
    func rows(of layer: Int) -> Matrix {
        var rows = unpacked(layer)
        rows.normalizeRows()
        return rows
    }

    /// `[N, D of the layer]`, as it was but for half a step.
    private func unpacked(_ layer: Int) -> Matrix {
        let (all, width) = (layerWidths.reduce(0, +), layerWidths[layer])
        let first = layerWidths[..<layer].reduce(0, +)
        var rows = Matrix(rows: grid.count, columns: width)
        for patch in 0..<grid.count {
            let scale = scales[patch * layerWidths.count + layer]
            for column in 0..<width {
                rows.values[patch * width + column] = Float(values[patch * all + first + column]) * scale
            }
        }
        return rows
    }
}

extension Matrix {
    /// The matrices that ``init(joiningColumns:)`` makes it of.
    fileprivate func split(_ widths: [Int]) -> [Matrix] {
        var first = 0
        return widths.map { width in
            defer { first += width }
            return columns(Array(first..<first + width))
        }
    }
}
