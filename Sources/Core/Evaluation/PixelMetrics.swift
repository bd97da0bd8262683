/// How well anomaly maps find the defects' pixels, gathered picture by picture.
///
/// Millions of pixels need not be kept or sorted: scores are counted in bins that grow with the score (a relative width of
/// 1/4096), and all curves follow from the counts. Pixels within one bin count as ties.
package struct PixelMetrics: Sendable {
    /// The leading bits of a positive number order like the number; this many of the trailing ones are dropped.
    private static let shift: UInt32 = 11
    /// Lower scores, negative ones too, are one bin, and so are those from `2^20` on.
    private static let lowest: Float = 0x1p-32
    private static let firstBin = Int(lowest.bitPattern >> shift)
    private static let binCount = Int(Float(0x1p20).bitPattern >> shift) - firstBin + 1

    private var normal = [Double](repeating: 0, count: binCount)
    private var anomalous = [Double](repeating: 0, count: binCount)
    /// Every defect region spreads a weight of 1 over its pixels.
    private var overlap = [Double](repeating: 0, count: binCount)
    private var regionCount = 0

    package init() {}

    /// Adds a picture without a defect.
    package mutating func add(normal map: Matrix) {
        for score in map.values { normal[Self.bin(score)] += 1 }
    }

    /// Adds a picture with the truth about its pixels.
    ///
    /// - Parameters:
    ///   - map: `[height, width]`, scores of at least 0.
    ///   - mask: `height * width` values, row-major; true is defective.
    package mutating func add(_ map: Matrix, mask: [Bool]) {
        precondition(mask.count == map.values.count, "pixel metrics: \(mask.count) for \(map.values.count) pixels")
        let regions = ConnectedComponents(height: map.rows, width: map.columns) { mask[$0] }
        regionCount += regions.components.count
        let weights = regions.components.map { 1 / Double($0.area) }
        for (pixel, label) in regions.labels.enumerated() {
            let bin = Self.bin(map.values[pixel])
            if label < 0 {
                normal[bin] += 1
            } else {
                anomalous[bin] += 1
                overlap[bin] += weights[Int(label)]
            }
        }
    }

    private static func bin(_ score: Float) -> Int {
        min(Int(max(score, lowest).bitPattern >> shift) - firstBin, binCount - 1)
    }

    /// Area under the ROC curve over all pixels; nil without pixels of both kinds.
    package var auroc: Double? {
        let (normals, anomalies) = (normal.reduce(0, +), anomalous.reduce(0, +))
        guard normals > 0, anomalies > 0 else { return nil }
        var (area, found) = (0.0, 0.0)
        for bin in (0..<Self.binCount).reversed() {
            area += normal[bin] * (found + anomalous[bin] / 2)
            found += anomalous[bin]
        }
        return area / (normals * anomalies)
    }

    /// Area under the per-region overlap curve from no false positives to a share `limit` of all normal pixels, divided by
    /// `limit`; nil without pixels of both kinds.
    ///
    /// The overlap at a threshold is the mean, over all 8-connected defect regions, of the share of the region's pixels that
    /// reach it. Between thresholds the curve is straight.
    ///
    /// - SeeAlso: Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 2021, section 5.2.
    package func aupro(limit: Double = 0.3) -> Double? {
        let normals = normal.reduce(0, +)
        guard normals > 0, regionCount > 0 else { return nil }
        var (area, overlapped, falsePositives) = (0.0, 0.0, 0.0)
        for bin in (0..<Self.binCount).reversed() {
            let rise = overlap[bin] / Double(regionCount)
            let run = normal[bin] / normals
            if falsePositives + run >= limit {
                let share = run > 0 ? (limit - falsePositives) / run : 0
                area += (limit - falsePositives) * (overlapped + share * rise / 2)
                break
            }
            area += run * (overlapped + rise / 2)
            overlapped += rise
            falsePositives += run
        }
        return area / limit
    }
}
