/// Which patches of a picture count.
package struct PatchMask: Sendable, Equatable {
    package let grid: PatchGrid
    /// Indices in the row-major order of the grid; nil is all.
    private let kept: [Int]?

    /// Those of the region of interest whose centre does not lie in an ignored polygon.
    init(_ area: InspectionArea, frame: PixelSize, grid: PatchGrid) {
        self.grid = grid
        guard !area.ignore.isEmpty else {
            kept = nil
            return
        }
        kept = (0..<grid.count).filter { patch in
            let place = Self.centre(of: patch, grid, in: area.rectangle(in: frame))
            return !area.ignores(x: place.x, y: place.y)
        }
    }

    /// All patches of a grid.
    package init(all grid: PatchGrid) {
        self.grid = grid
        kept = nil
    }

    /// - Parameter patches: in ascending order.
    package init(_ patches: [Int], of grid: PatchGrid) {
        self.grid = grid
        kept = patches
    }

    /// The middle of a patch, in pixels of the frame.
    private static func centre(of patch: Int, _ grid: PatchGrid, in roi: PixelRectangle) -> (x: Double, y: Double) {
        (
            Double(roi.x) + (Double(patch % grid.columns) + 0.5) / Double(grid.columns) * Double(roi.width),
            Double(roi.y) + (Double(patch / grid.columns) + 0.5) / Double(grid.rows) * Double(roi.height)
        )
    }

    var isAll: Bool { kept == nil }
    var isEmpty: Bool { kept?.isEmpty ?? false }
    package var patches: [Int] { kept ?? Array(0..<grid.count) }

    /// The patches that count and are among `patches`, if there are any; else all that count.
    func narrowed(to patches: [Int]) -> PatchMask {
        let inside = Set(self.patches)
        let both = patches.filter(inside.contains)
        return both.isEmpty ? self : PatchMask(both, of: grid)
    }

    /// The rows that count of one row a patch.
    func rows(of matrix: Matrix) -> Matrix {
        guard let kept else { return matrix }
        return matrix.rows(kept)
    }

    /// One value a patch from those of the patches that count; 0 for the others.
    func scattered(_ values: [Float]) -> [Float] {
        guard let kept else { return values }
        var all = [Float](repeating: 0, count: grid.count)
        for (patch, value) in zip(kept, values) { all[patch] = value }
        return all
    }

    /// 1 for a patch that counts, 0 for others.
    var weights: [Float] { scattered([Float](repeating: 1, count: patches.count)) }
}
