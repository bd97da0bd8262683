import Core

/// Synthetic anomalies side by side: the normal picture, the picture with the anomaly, and the anomaly's outline; two
/// in a row.
///
/// Side by side, because a faint anomaly is seen only beside what was there before, and outlined beside that, because a
/// line hides what it shows. All of it is in memory: 450 kB for each anomaly.
struct ContactSheet {
    private static let side = 224
    // A colour that hardly any part has.
    private static let outline: [UInt8] = [255, 0, 160]
    // Two anomalies of three tiles in a line.
    private var sheet = TileSheet(columns: 6)

    mutating func add(_ normal: Image, _ anomaly: SyntheticAnomaly) {
        let scale = Double(Self.side) / Double(max(normal.height, normal.width))
        func tile(_ image: Image) -> Image {
            image.resized(
                height: max(1, Int(Double(image.height) * scale)), width: max(1, Int(Double(image.width) * scale)),
                filter: .bilinear)
        }
        let drawn = tile(anomaly.image)
        sheet.add(tile(normal))
        sheet.add(drawn)
        sheet.add(drawn.outlined(tile(anomaly.mask.greyImage), colour: Self.outline))
    }

    /// - Precondition: something was added.
    var image: Image { sheet.image }
}

extension Matrix {
    /// 0...1 as black ... white.
    var greyImage: Image {
        Image(
            height: rows, width: columns,
            pixels: values.flatMap { value in
                let grey = UInt8(min(max(value, 0), 1) * 255 + 0.5)
                return [grey, grey, grey]
            })
    }
}

extension Image {
    /// The picture with a line around all that is not black in `mask`.
    fileprivate func outlined(_ mask: Image, colour: [UInt8]) -> Image {
        func isInside(_ row: Int, _ column: Int) -> Bool {
            // A tenth: reduced masks have soft edges.
            (0..<height).contains(row) && (0..<width).contains(column) && mask.pixels[(row * width + column) * 3] > 24
        }
        var result = self
        for row in 0..<height {
            for column in 0..<width where !isInside(row, column) {
                guard
                    isInside(row - 1, column) || isInside(row + 1, column) || isInside(row, column - 1)
                        || isInside(row, column + 1)
                else { continue }
                let start = (row * width + column) * 3
                result.pixels.replaceSubrange(start..<start + 3, with: colour)
            }
        }
        return result
    }
}
