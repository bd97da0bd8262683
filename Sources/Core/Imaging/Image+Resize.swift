import CKernels

extension Image {
    /// The whole picture at another size; proportions may change.
    ///
    /// Antialiased: when reducing, every source pixel counts. One axis after the other, rounded to 8 bits in between,
    /// in Pillow's fixed-point arithmetic: the result equals that of Pillow 13's `Image.resize` with `BICUBIC` or
    /// `BILINEAR`. (Older Pillows always resample columns first; they give the same except where this one starts with
    /// the rows.)
    ///
    /// - Precondition: `height` and `width` are positive.
    /// - Complexity: O(width of the filter) multiplications a pixel, about 10 when reducing to a third.
    package func resized(height newHeight: Int, width newWidth: Int, filter: ResampleFilter) -> Image {
        resized(height: newHeight, width: newWidth, interpolation: filter.interpolation)
    }

    /// A piece of the picture at another size; as ``resized(height:width:filter:)``, and as Pillow's `Image.resize` with `box`.
    ///
    /// - Parameters:
    ///   - rows: of the picture, in pixels from its upper border, fractions included; nil is all. `columns`, too.
    ///   - interpolation: an antialiased one.
    func resized(
        height newHeight: Int, width newWidth: Int, rows: Range<Double>? = nil, columns: Range<Double>? = nil,
        interpolation: Interpolation
    ) -> Image {
        precondition(newHeight > 0 && newWidth > 0, "resize to [\(newHeight), \(newWidth)]")
        let rowAxis = ResampleAxis(from: height, within: rows, to: newHeight, interpolation)
        let columnAxis = ResampleAxis(from: width, within: columns, to: newWidth, interpolation)
        let keepsRows = newHeight == height && rows.map { $0 == 0..<Double(height) } ?? true
        let keepsColumns = newWidth == width && columns.map { $0 == 0..<Double(width) } ?? true
        // Pillow 13's choice of the order that leaves less to the second pass; found by comparing results.
        let rowsFirst = newHeight < height && height - newHeight > 2 * (width - newWidth)
        let piece = cropped(rows: rowAxis.used, columns: columnAxis.used)
        func withColumns(_ image: Image) -> Image {
            keepsColumns ? image : image.withColumns(columnAxis.restricted(to: columnAxis.used))
        }
        func withRows(_ image: Image) -> Image {
            keepsRows ? image : image.withRows(rowAxis.restricted(to: rowAxis.used))
        }
        return rowsFirst ? withColumns(withRows(piece)) : withRows(withColumns(piece))
    }

    private func cropped(rows: Range<Int>, columns: Range<Int>) -> Image {
        guard rows.count < height || columns.count < width else { return self }
        var piece: [UInt8] = []
        piece.reserveCapacity(rows.count * columns.count * 3)
        for row in rows {
            piece += pixels[(row * width + columns.lowerBound) * 3..<(row * width + columns.upperBound) * 3]
        }
        return Image(height: rows.count, width: columns.count, pixels: piece)
    }

    private func withColumns(_ axis: ResampleAxis) -> Image {
        let taps = FixedPointTaps(axis)
        var scratch = [UInt8](repeating: 0, count: 4 * (3 * width + 1))
        return resampled(height: height, width: axis.outputs, taps) { taps, output in
            fsac_resample_columns(pixels, height, width, &taps, &scratch, output)
        }
    }

    private func withRows(_ axis: ResampleAxis) -> Image {
        let taps = FixedPointTaps(axis)
        return resampled(height: axis.outputs, width: width, taps) { taps, output in
            fsac_resample_rows(pixels, width * 3, &taps, output)
        }
    }

    /// A picture whose pixels `body` writes.
    private func resampled(
        height: Int, width: Int, _ taps: FixedPointTaps,
        _ body: (_ taps: inout fsac_taps, _ output: UnsafeMutablePointer<UInt8>?) -> Void
    ) -> Image {
        let size = height * width * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { output, count in
            taps.withKernelTaps { body(&$0, output.baseAddress) }
            count = size
        }
        return Image(height: height, width: width, pixels: pixels)
    }
}

/// An axis as the kernels take it: weights are integers, in units of 2^-22, so that pixel times weight, summed, stays within 32
/// bits.
private struct FixedPointTaps {
    private static let fractionBits = 22

    /// The widest window; each output coordinate owns that many slots in `weights`.
    private let capacity: Int
    /// First source pixel, by output coordinate.
    private let firsts: [Int32]
    /// Number of source pixels, by output coordinate.
    private let counts: [Int32]
    private var weights: [Int32]

    init(_ axis: ResampleAxis) {
        firsts = axis.firsts.map(Int32.init)
        counts = (0..<axis.outputs).map { Int32(axis.weights(of: $0).count) }
        capacity = Int(counts.max() ?? 0)
        weights = [Int32](repeating: 0, count: capacity * axis.outputs)
        for output in 0..<axis.outputs {
            for (slot, weight) in axis.weights(of: output).enumerated() {
                let units = weight * Double(1 << Self.fractionBits)
                weights[output * capacity + slot] = Int32(units.rounded(.toNearestOrAwayFromZero))
            }
        }
    }

    func withKernelTaps(_ body: (inout fsac_taps) -> Void) {
        firsts.withUnsafeBufferPointer { firsts in
            counts.withUnsafeBufferPointer { counts in
                weights.withUnsafeBufferPointer { weights in
                    var taps = fsac_taps(
                        first: firsts.baseAddress, count: counts.baseAddress, weights: weights.baseAddress,
                        capacity: capacity, outputs: firsts.count)
                    body(&taps)
                }
            }
        }
    }
}
