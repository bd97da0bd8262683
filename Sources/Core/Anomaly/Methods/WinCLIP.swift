// N patches, D their width, P positions of a window, C embedding width, k shots.

/// Windows of the picture compared with words and with the shots' windows.
package struct WinCLIPMethod: Method {
    package init() {}

    package static let about = MethodDescription(
        name: "winclip",
        summary:
            "windows of the picture compared with words and with the shots' windows; needs a CLIP without adapters",
        reference: "Jeong et al., CVPR 2023, <https://arxiv.org/abs/2303.14814>")
    package static let headers: [any ScorerHeader.Type] = [WinCLIP.Header.self]
    package static let needs = MethodNeeds(text: .required, embedding: true, windows: WinCLIP.sides)

    /// The last block but one; the last one is `first - 1`.
    package static func layers(default defaults: [Int], text: [Int]) -> [Int] {
        text.first.map { first in [max(first - 2, 1)] } ?? defaults
    }

    /// Adapted towers have no windows.
    package static func wantedBackbone(insteadOf textLayers: [Int]) -> String? {
        textLayers.count > 1 ? "a CLIP without adapters" : nil
    }

    package func fit(_ setup: FitSetup) -> any ScorerFit { WinCLIPFit(anchors: setup.requiredAnchors) }
}

/// Windows of several sizes, each compared with the words for good and bad parts and with the windows of the shots (Jeong et
/// al., CVPR 2023: WinCLIP+).
///
/// The image score is the paper's, `(ascore_0 + max M) / 2` in 0...1, as odds, which order pictures alike and have no ceiling.
/// The map is the sum of the language-guided and the vision-based map; it says where, the image score says how much.
package struct WinCLIP: Scorer {
    /// Sides of the windows, in patches: the paper's small and mid scale.
    static let sides = [2, 3]

    let anchors: TextAnchors
    /// By side: `[k * P, C]`, unit rows.
    let windows: [Int: Matrix]
    /// `[k * N, D]`, unit rows: of the last block but one (the paper's "penultimate feature map").
    let patches: Matrix

    package var featureWidth: Int { patches.columns }

    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        let zeroShot = Self.probabilities(of: features.embedding, anchors)[0]
        var textual = [Float](repeating: 1 / zeroShot, count: features.grid.count)
        var visual = unlikeness(of: features.rows, to: patches, parallelism)
        for side in Self.sides {
            let windows = features.windows(of: side)
            let byText = WindowCover(side: side, grid: windows.grid).harmonicMeans(
                Self.probabilities(of: windows.tokens, anchors))
            let byShots = WindowCover(side: side, grid: windows.grid).harmonicMeans(
                unlikeness(of: windows.tokens, to: self.windows[side], parallelism))
            for patch in textual.indices {
                textual[patch] += 1 / byText[patch]
                visual[patch] += byShots[patch]
            }
        }
        let scales = Float(Self.sides.count + 1)
        let values = textual.indices.map { scales / textual[$0] + visual[$0] / scales }
        let largest = mask.patches.map { visual[$0] / scales }.max() ?? 0
        return ScoreMap(
            grid: features.grid, pattern: mask.scattered(mask.patches.map { values[$0] }),
            imageScore: Self.odds((zeroShot + largest) / 2))
    }

    /// Of the abnormal text, 0...1.
    private static func probabilities(of rows: Matrix, _ anchors: TextAnchors) -> [Float] {
        anchors.odds(of: rows, temperature: ZeroShot.temperature).map { 1 / (1 + 1 / $0) }
    }

    private static func odds(_ probability: Float) -> Float { probability / max(1 - probability, 1e-6) }

    /// `(1 - s) / 2` of each row with the most similar one of the shots, 0...1.
    private func unlikeness(of rows: Matrix, to known: Matrix?, _ parallelism: Parallelism) -> [Float] {
        guard let known else { preconditionFailure("winclip: windows of a size that the shots have not") }
        var rows = rows
        rows.normalizeRows()
        let similarities = rows.multiplied(byTransposed: known, parallelism: parallelism)
        return (0..<rows.rows).map { row in
            let best = similarities.row(row).max() ?? 1
            return min(max((1 - best) / 2, 0), 1)
        }
    }
}

/// Which windows lie over a patch.
private struct WindowCover {
    let side: Int
    /// Of the windows' positions, one patch apart.
    let grid: PatchGrid

    /// For each patch the harmonic mean of the values of all windows that lie over it (eq. 4): one window that is sure that a
    /// place is good counts more than one that is not.
    func harmonicMeans(_ values: [Float]) -> [Float] {
        let (rows, columns) = (grid.rows + side - 1, grid.columns + side - 1)
        return (0..<rows * columns).map { patch in
            let (row, column) = (patch / columns, patch % columns)
            var (sum, count) = (Float(0), 0)
            for y in max(row - side + 1, 0)...min(row, grid.rows - 1) {
                for x in max(column - side + 1, 0)...min(column, grid.columns - 1) {
                    sum += 1 / values[y * grid.columns + x]
                    count += 1
                }
            }
            return Float(count) / sum
        }
    }
}

struct WinCLIPFit: ScorerFit {
    let anchors: TextAnchors
    private var shots: [PatchFeatures] = []

    init(anchors: TextAnchors) { self.anchors = anchors }

    mutating func add(_ shot: ShotFeatures) { shots.append(shot.own.features) }

    func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        let kept = shots.indices.filter { !left.contains($0) }.map { shots[$0] }
        func joined(_ matrices: [Matrix]) -> Matrix {
            var rows = Matrix(joiningRows: matrices)
            rows.normalizeRows()
            return rows
        }
        var windows: [Int: Matrix] = [:]
        for side in WinCLIP.sides { windows[side] = joined(kept.map { $0.windows(of: side).tokens }) }
        return WinCLIP(anchors: anchors, windows: windows, patches: joined(kept.map(\.rows)))
    }
}

extension PatchFeatures {
    /// - Precondition: the method asks for them.
    fileprivate func windows(of side: Int) -> FeatureMap {
        guard let map = whole?.windows[side] else { preconditionFailure("features without windows of \(side) patches") }
        return map
    }
}

extension WinCLIP {
    package struct Header: ScorerHeader {
        package static let kind = "winclip"
        /// How many patches the shots have together, and how many windows of each side.
        package let patches: Int
        package let windows: [Int]

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try WinCLIP(self, tensors)
        }
    }

    private static let patchesName = "patches"
    private static func windowsName(_ side: Int) -> String { "windows.\(side)" }

    package var stored: StoredScorer {
        var tensors = anchors.tensors
        tensors[Self.patchesName] = Tensor(patches)
        for (side, rows) in windows { tensors[Self.windowsName(side)] = Tensor(rows) }
        let header = Header(patches: patches.rows, windows: Self.sides.map { windows[$0]?.rows ?? 0 })
        return StoredScorer(header: header, tensors: tensors)
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        guard header.windows.count == Self.sides.count, (header.windows + [header.patches]).allSatisfy({ $0 > 0 })
        else {
            throw DamagedSection(
                section: "winclip", expected: "windows of \(Self.sides) patches", got: "\(header.windows)")
        }
        anchors = try TextAnchors(tensors)
        patches = try tensors.matrix(Self.patchesName, rows: header.patches)
        var windows: [Int: Matrix] = [:]
        for (side, count) in zip(Self.sides, header.windows) {
            windows[side] = try tensors.matrix(Self.windowsName(side), rows: count, columns: anchors.normal.count)
        }
        self.windows = windows
    }
}
