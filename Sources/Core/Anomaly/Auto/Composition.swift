// N patches that count, D feature width, B books of W words each, C cells, k shots.

/// What a picture is made of, and where: for each cell of the picture the shares of its kinds of patches. Finds what no patch alone
/// shows, because each of them is somewhere in good parts: a piece that is missing, is in another place, or belongs to another variant.
///
/// Kinds are words of a book: clusters of the shots' patches (as the components of PSAD, Kim et al., AAAI 2024, and ComAD, Liu et al.,
/// 2023, without their segmentation). A patch belongs to each word by the softmax of its similarity. A cell is the roots of the mean
/// shares, compared by squared Hellinger distance; a picture is as far from a shot as its farthest cell. Cells overlap, so that it does
/// not matter where their borders lie. The constants were chosen looking at juice bottles, transistors, tyres, cookies, castings and
/// screws (docs/accuracy.md).
package struct Composition: Sendable, Equatable {
    /// Of the joined features, those that tell the kinds.
    package let columns: Range<Int>
    /// `[B W, D]`, rows of norm 1.
    package let words: Matrix
    /// The shots, `[k, B C W]`.
    package let shots: Matrix
    /// The square distance of a good part from the shots.
    package let unit: Float
    /// Of the square, beside that of the patches.
    package let weight: Float

    package static let books = 3
    package static let wordsOfBook = 16
    /// Of fewer nobody knows what good parts differ by.
    static let fewestShots = 3
    private static let side = 7
    static let cells = side * side
    /// Of the softmax over cosines.
    private static let temperature: Float = 0.1
    /// Patches a cell's side has at least, for shares to mean something.
    private static let smallestCell = 2
    /// What good parts' shares differ by at least, however alike the shots are: a few patches' worth.
    private static let smallestUnit: Float = 0.015

    /// What the picture's composition adds to the square of its patches' score, in units of good parts, and to each place of the map.
    package func evidence(of features: PatchFeatures, counting mask: PatchMask) -> PictureEvidence {
        let sample = CompositionSample(features, mask, columns: columns)
        let signature = Self.signature(sample, Self.kinds(of: sample.rows, words))
        let squares = Self.squares(signature, to: shots)
        return PictureEvidence(
            added: weight * squares.farthest / unit, weight: weight,
            places: ViewSquares(
                grid: PatchGrid(rows: Self.side, columns: Self.side), values: squares.cells.map { weight * $0 / unit }))
    }

    /// Nil when no shot is left.
    func leavingOut(_ left: Set<Int>) -> Composition? {
        let kept = (0..<shots.rows).filter { !left.contains($0) }
        guard !kept.isEmpty else { return nil }
        return Composition(columns: columns, words: words, shots: shots.rows(kept), unit: unit, weight: weight)
    }
}

/// Whether the composition counts.
package struct CompositionEvidence: Codable, Sendable, Equatable {
    /// By how much a piece in another place changes a shot's composition, as a multiple of what good shots differ by: about 1 where
    /// parts lie anywhere or are all different, 4 and more where each piece has its place.
    package let contrast: Double

    /// Between these the weight rises from nothing to all.
    private static let contrasts = 2.0...3.5
    private static let largestWeight: Float = 0.3

    package var weight: Float {
        let bounds = Self.contrasts
        let share = (contrast - bounds.lowerBound) / (bounds.upperBound - bounds.lowerBound)
        return Self.largestWeight * Float(min(max(share, 0), 1))
    }
}

/// All that a composition needs to know of a picture.
package struct CompositionSample {
    let grid: PatchGrid
    /// Those that count, and their features `[N, D]`, of norm 1.
    let patches: [Int]
    let rows: Matrix

    package init(_ features: PatchFeatures, _ mask: PatchMask, columns: Range<Int>) {
        grid = features.grid
        patches = mask.patches
        rows = mask.rows(of: features.columns(columns, localAveraging: false).rows)
    }
}

// MARK: Fit

extension Composition {
    /// What the shots say of it; nothing of fewer shots than tell what good parts differ by, or of a grid with too few patches.
    package static func fit(
        _ samples: [CompositionSample], columns: Range<Int>
    ) -> (evidence: CompositionEvidence, composition: Composition?)? {
        guard samples.count >= fewestShots, let grid = samples.first?.grid,
            min(grid.rows, grid.columns) >= smallestCell * side, samples.allSatisfy({ !$0.patches.isEmpty })
        else { return nil }
        let words = words(of: samples)
        let kinds = samples.map { Self.kinds(of: $0.rows, words) }
        let signatures = zip(samples, kinds).map { signature($0, $1) }
        let parts = different(signatures)
        guard parts.count >= fewestShots else { return nil }
        func others(_ part: Int) -> Matrix {
            Matrix(joining: parts.filter { $0 != part }.map { signatures[$0] })
        }
        let unit = max(geometricMean(parts.map { square(signatures[$0], to: others($0)) }), smallestUnit)
        var random = SplitMix64(seed: 0)
        let displaced = parts.map { part in
            let others = others(part)
            let squares = (0..<displacedCopies).map { _ in
                square(
                    signature(samples[part], kinds[part], from: samples[part].displaced(using: &random)), to: others)
            }
            return squares.sorted()[displacedCopies / 2]
        }
        let evidence = CompositionEvidence(contrast: Double(geometricMean(displaced) / unit))
        guard evidence.weight > 0 else { return (evidence, nil) }
        return (
            evidence,
            Composition(
                columns: columns, words: words, shots: Matrix(joining: signatures), unit: unit,
                weight: evidence.weight)
        )
    }

    /// The shots, each part once: pictures of one part say nothing of how much parts differ.
    private static func different(_ signatures: [[Float]]) -> [Int] {
        let squares = signatures.map { own in signatures.map { square(own, to: Matrix(joining: [$0])) } }
        let pairs = squares.indices.flatMap { squares[$0][($0 + 1)...] }.sorted()
        let closest = max(sameShare * pairs[pairs.count / 2], smallestDifference)
        return squares.indices.reduce(into: []) { parts, shot in
            if parts.allSatisfy({ squares[shot][$0] >= closest }) { parts.append(shot) }
        }
    }

    /// Of the middle square between two shots; what is closer is the same part.
    private static let sameShare: Float = 0.25
    private static let smallestDifference: Float = 0.002
    /// Of each shot, to see what a piece in another place changes.
    private static let displacedCopies = 12
    /// Patches that the words are found among, at most.
    private static let clustered = 8192
    private static let rounds = 15

    /// Clusters of the shots' patches, by spherical k-means from several starts.
    private static func words(of samples: [CompositionSample]) -> Matrix {
        let all = Matrix(joiningRows: samples.map(\.rows))
        let rows = all.rows(PartDistances.thinned(all.rows, to: clustered))
        var random = SplitMix64(seed: 0)
        return Matrix(
            joiningRows: (0..<books).map { _ in
                var words = rows.rows((0..<wordsOfBook).map { _ in random.integer(0...rows.rows - 1) })
                for _ in 0..<rounds { words = centres(of: rows, nearest: words, using: &random) }
                return words
            })
    }

    /// Of each word's patches the direction of their mean; a word without patches becomes one of them.
    private static func centres(
        of rows: Matrix, nearest words: Matrix, using random: inout SplitMix64
    ) -> Matrix {
        let similarities = rows.multiplied(byTransposed: words)
        var sums = Matrix(rows: words.rows, columns: words.columns)
        var counts = [Int](repeating: 0, count: words.rows)
        for row in 0..<rows.rows {
            let own = similarities.row(row)
            let word = own.indices.max { own[$0] < own[$1] }.map { $0 - own.startIndex } ?? 0
            counts[word] += 1
            for (column, value) in rows.row(row).enumerated() { sums.values[word * words.columns + column] += value }
        }
        for word in counts.indices where counts[word] == 0 {
            let start = word * words.columns
            sums.values.replaceSubrange(
                start..<start + words.columns, with: rows.row(random.integer(0...rows.rows - 1)))
        }
        sums.normalizeRows()
        return sums
    }
}

extension CompositionSample {
    /// For each patch the one that it is taken from, when a piece of about a twentieth of the picture is put in another place.
    fileprivate func displaced(using random: inout SplitMix64) -> [Int] {
        let (height, width) = (max(grid.rows * 2 / 9, 1), max(grid.columns * 2 / 9, 1))
        func corner() -> (row: Int, column: Int) {
            (random.integer(0...grid.rows - height), random.integer(0...grid.columns - width))
        }
        let (to, from) = (corner(), corner())
        var numbers = [Int?](repeating: nil, count: grid.count)
        for (number, patch) in patches.enumerated() { numbers[patch] = number }
        return patches.enumerated().map { number, patch in
            let (row, column) = (patch / grid.columns - to.row, patch % grid.columns - to.column)
            guard (0..<height).contains(row), (0..<width).contains(column) else { return number }
            return numbers[(from.row + row) * grid.columns + from.column + column] ?? number
        }
    }
}

// MARK: Signatures

extension Composition {
    /// For each patch its shares of the words, `[N, B W]`; each book's add up to 1.
    private static func kinds(of rows: Matrix, _ words: Matrix) -> Matrix {
        let similarities = rows.multiplied(byTransposed: words)
        let books = Matrix(
            rows: similarities.values.count / wordsOfBook, columns: wordsOfBook, values: similarities.values)
        return Matrix(
            rows: rows.rows, columns: words.rows, values: books.scaled(by: 1 / temperature).softmax().values)
    }

    /// Roots of the mean shares of each cell, `[B C W]`; 0 of a cell without patches.
    ///
    /// - Parameter sources: for each patch the one whose kinds it has; nil is its own.
    private static func signature(_ sample: CompositionSample, _ kinds: Matrix, from sources: [Int]? = nil) -> [Float] {
        let grid = sample.grid
        var sums = [Float](repeating: 0, count: books * cells * wordsOfBook)
        var counts = [Float](repeating: 0, count: cells)
        for (number, patch) in sample.patches.enumerated() {
            let kinds = kinds.row(sources?[number] ?? number)
            for down in parts(patch / grid.columns, of: grid.rows) {
                for across in parts(patch % grid.columns, of: grid.columns) {
                    let (cell, weight) = (down.cell * side + across.cell, down.weight * across.weight)
                    counts[cell] += weight
                    for (index, share) in kinds.enumerated() {
                        let (book, word) = (index / wordsOfBook, index % wordsOfBook)
                        sums[(book * cells + cell) * wordsOfBook + word] += weight * share
                    }
                }
            }
        }
        return sums.indices.map {
            (sums[$0] / max(counts[$0 / wordsOfBook % cells], .leastNormalMagnitude)).squareRoot()
        }
    }

    /// The two cells that a row or column of patches lies between, and how much it belongs to each.
    private static func parts(_ index: Int, of count: Int) -> [(cell: Int, weight: Float)] {
        let place = min(max((Float(index) + 0.5) / Float(count) * Float(side) - 0.5, 0), Float(side - 1))
        let cell = min(Int(place), side - 2)
        return [(cell, Float(cell + 1) - place), (cell + 1, place - Float(cell))].filter { $0.1 > 0 }
    }

    private static func square(_ signature: [Float], to others: Matrix) -> Float {
        squares(signature, to: others).farthest
    }

    /// The mean of the books' squares: of the nearest of the signatures, its farthest cell; and each of its cells.
    private static func squares(_ signature: [Float], to others: Matrix) -> (farthest: Float, cells: [Float]) {
        var sums = (farthest: Float(0), cells: [Float](repeating: 0, count: cells))
        for book in 0..<books {
            let byShot = (0..<others.rows).map { other in
                let squares = (0..<cells).map { cell in
                    let start = (book * cells + cell) * wordsOfBook
                    return zip(signature[start..<start + wordsOfBook], others.row(other).dropFirst(start))
                        .reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                }
                return (farthest: squares.max() ?? 0, cells: squares)
            }
            guard let nearest = byShot.min(by: { $0.farthest < $1.farthest }) else { continue }
            sums.farthest += nearest.farthest / Float(books)
            for (cell, square) in nearest.cells.enumerated() { sums.cells[cell] += square / Float(books) }
        }
        return sums
    }
}
