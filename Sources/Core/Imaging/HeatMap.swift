/// How a heat map looks. The scale does not belong to it: it is fixed by the limit.
package struct HeatMapStyle: Sendable, Equatable {
    /// Longer pictures are reduced to this before they are painted: a heat map is for looking, and is made while the
    /// line runs.
    package var maxSide = 1024
    /// Of the colours from the limit on; 0 to 1.
    package var maxOpacity: Float = 0.9
    /// How bright the picture is below the colours; 0 to 1. They are seen from afar on a dark ground only.
    package var ground: Float = 0.35
    /// Red, green, blue. As that of the boxes, one that neither grey pictures nor the colour map have.
    package var contourColour = SIMD3<UInt8>(0, 240, 255)
    /// Red, green, blue.
    package var boxColour = SIMD3<UInt8>(255, 214, 0)
    /// Of the contour and the boxes, in pixels of the heat map; thicker in large ones (``scaledLineWidth(in:)``).
    package var lineWidth: Float = 2
    /// Between the picture and the colours, in pixels.
    package var gap = 6

    /// As wide a share of a large picture as of one of 256 pixels, which is what an arm's length leaves of it.
    package func scaledLineWidth(in image: Image) -> Float {
        max(lineWidth, lineWidth * Float(max(image.height, image.width)) / 384)
    }

    package static let standard = HeatMapStyle()

    package init() {}
}

extension Image {
    /// The picture with what was found in it, and its anomaly map beside it.
    ///
    /// On the left nothing covers a pixel but lines: a contour where the anomaly reaches the limit, a box around every region. A
    /// crack is seen between them. On the right are the colours, over the picture in dark grey, with the same lines; below instead
    /// of beside where the picture is wider than it is high by more than half.
    ///
    /// One fixed scale, never stretched to the picture at hand: anomaly 0 is the colour map's start, the limit its
    /// middle, twice the limit and more its end. The colours gain opacity from a quarter of the limit to the limit.
    ///
    /// - Parameters:
    ///   - anomalyMap: `[rows, columns]`, in the unit of the limit; of any size, it is stretched over the picture.
    ///     Values that are not numbers are painted as the highest.
    ///   - regions: in this picture's pixels.
    ///   - area: what of this picture was inspected. The region of interest is outlined, ignored polygons are dark and
    ///     hatched.
    /// - Returns: two of this picture's size, or reduced in proportion until no side is longer than `style.maxSide`.
    /// - Precondition: the map is not empty.
    package func withHeatMap(
        anomalyMap: Matrix, limit: Float, regions: [Region], area: InspectionArea = .wholeFrame,
        style: HeatMapStyle = .standard
    ) -> Image {
        precondition(!anomalyMap.values.isEmpty, "heat map from an empty anomaly map")
        let picture = reduced(toSide: style.maxSide)
        let levels = anomalyMap.resampled(rows: picture.height, columns: picture.width, .bilinear)
        var style = style
        style.lineWidth = style.scaledLineWidth(in: picture)
        var coloured = picture.darkGrey(style.ground)
        coloured.paint(levels, limit: limit, style: style)
        let (scale, frame) = (Float(picture.width) / Float(width), PixelRectangle(wholeOf: (height, width)))
        let panels = [picture, coloured].map { panel in
            var panel = panel
            panel.drawContour(of: levels, at: limit, style: style)
            panel.draw(area, of: frame, scale: scale, style: style)
            for region in regions { panel.drawBox(region, scale: scale, style: style) }
            return panel
        }
        return panels[0].joined(to: panels[1], gap: style.gap)
    }

    /// Without colours of its own, which could be taken for those of the map.
    private func darkGrey(_ level: Float) -> Image {
        var result = self
        let share = Int32(256 * level)
        result.pixels.withUnsafeMutableBufferPointer { pixels in
            for index in 0..<height * width {
                // BT.601, as the presence detector weighs them.
                let sum =
                    77 * Int32(pixels[index * 3]) + 150 * Int32(pixels[index * 3 + 1]) + 29
                    * Int32(pixels[index * 3 + 2])
                let grey = UInt8(truncatingIfNeeded: (sum * share) >> 16)
                for channel in 0..<3 { pixels[index * 3 + channel] = grey }
            }
        }
        return result
    }

    /// This picture and another of its size on its right, below it where it is wide, with a dark line between them.
    private func joined(to other: Image, gap: Int) -> Image {
        let line = [UInt8](repeating: 24, count: gap * 3)
        if width * 2 > height * 3 {
            let between = [UInt8](repeating: 24, count: gap * width * 3)
            return Image(height: 2 * height + gap, width: width, pixels: pixels + between + other.pixels)
        }
        var joined: [UInt8] = []
        joined.reserveCapacity(height * (2 * width + gap) * 3)
        for row in 0..<height {
            let range = row * width * 3..<(row + 1) * width * 3
            joined += pixels[range]
            joined += line
            joined += other.pixels[range]
        }
        return Image(height: height, width: 2 * width + gap, pixels: joined)
    }

    private func reduced(toSide maxSide: Int) -> Image {
        let longest = max(height, width)
        guard longest > maxSide else { return self }
        return resized(
            height: max(height * maxSide / longest, 1), width: max(width * maxSide / longest, 1), filter: .bilinear)
    }

    private mutating func paint(_ levels: Matrix, limit: Float, style: HeatMapStyle) {
        let opacities = (0..<256).map { entry in
            UInt8(255 * style.maxOpacity * Self.smoothStep(Float(entry) / 255, from: 0.125, to: 0.5))
        }
        // A limit of 0 would make the scale infinite.
        let scale = 127.5 / max(limit, .leastNormalMagnitude)
        let colours = ColourMap.inferno
        pixels.withUnsafeMutableBufferPointer { pixels in
            for (index, level) in levels.values.enumerated() {
                let position = level * scale + 0.5
                // In this order, so that what is not a number is hot, not cold.
                let entry = !(position < 255) ? 255 : position > 0 ? Int(position) : 0
                let opacity = opacities[entry]
                if opacity > 0 { pixels.blend(colours[entry], opacity: opacity, at: index) }
            }
        }
    }

    /// 0 below `from`, 1 above `to`, smooth in between.
    private static func smoothStep(_ x: Float, from: Float, to: Float) -> Float {
        let t = min(max((x - from) / (to - from), 0), 1)
        return t * t * (3 - 2 * t)
    }

    /// A line along `levels == limit` over a darker, wider one that keeps it visible on bright places. Its distance in
    /// pixels is `|level - limit|` over the slope, to first order, which gives it smooth edges.
    private mutating func drawContour(of levels: Matrix, at limit: Float, style: HeatMapStyle) {
        let (height, width, halfWidth) = (height, width, style.lineWidth / 2)
        // On a plateau near the limit the slope says nothing; a lower bound keeps the line from flooding it.
        let leastSlope = max(abs(limit) * 0.002, .leastNormalMagnitude)
        levels.values.withUnsafeBufferPointer { levels in
            pixels.withUnsafeMutableBufferPointer { pixels in
                for row in 0..<height {
                    let (above, below) = (max(row - 1, 0) * width, min(row + 1, height - 1) * width)
                    for column in 0..<width {
                        let (left, right) = (max(column - 1, 0), min(column + 1, width - 1))
                        let down = (levels[below + column] - levels[above + column]) / 2
                        let across = (levels[row * width + right] - levels[row * width + left]) / 2
                        let slope = max((down * down + across * across).squareRoot(), leastSlope)
                        let distance = abs(levels[row * width + column] - limit) / slope
                        guard distance < halfWidth + 1.5 else { continue }
                        let index = row * width + column
                        pixels.blend(.zero, opacity: Self.coverage(halfWidth + 1.5 - distance) / 2, at: index)
                        pixels.blend(style.contourColour, opacity: Self.coverage(halfWidth + 0.5 - distance), at: index)
                    }
                }
            }
        }
    }

    private static func coverage(_ share: Float) -> UInt8 {
        UInt8(255 * min(max(share, 0), 1))
    }

    /// An outline a little outside the region, so that it does not cover the contour, with a dark edge on both sides.
    private mutating func drawBox(_ region: Region, scale: Float, style: HeatMapStyle) {
        let line = Int(style.lineWidth.rounded())
        func rows(margin: Int) -> Range<Int> {
            Self.scaled(region.y, region.height, by: scale, margin: margin, limit: height)
        }
        func columns(margin: Int) -> Range<Int> {
            Self.scaled(region.x, region.width, by: scale, margin: margin, limit: width)
        }
        let margin = line + 3
        drawFrame(
            rows: rows(margin: margin + 1), columns: columns(margin: margin + 1), line: line + 2, colour: .zero,
            opacity: 120)
        drawFrame(
            rows: rows(margin: margin), columns: columns(margin: margin), line: line, colour: style.boxColour,
            opacity: 240)
    }

    /// Darkens and hatches what is ignored, and outlines the region of interest.
    private mutating func draw(_ area: InspectionArea, of frame: PixelRectangle, scale: Float, style: HeatMapStyle) {
        let (height, width) = (height, width)
        pixels.withUnsafeMutableBufferPointer { pixels in
            area.forEachIgnoredRun(of: frame, height: height, width: width) { row, columns in
                for column in columns {
                    let isLine = (row + column) % 12 < 2
                    pixels.blend(isLine ? style.boxColour : .zero, opacity: 110, at: row * width + column)
                }
            }
        }
        guard let roi = area.roi else { return }
        let rows = Self.scaled(roi.y, roi.height, by: scale, margin: 0, limit: height)
        let columns = Self.scaled(roi.x, roi.width, by: scale, margin: 0, limit: width)
        drawFrame(rows: rows, columns: columns, line: 2, colour: .zero, opacity: 120)
        drawFrame(rows: rows, columns: columns, line: 1, colour: style.boxColour, opacity: 240)
    }

    private static func scaled(_ start: Int, _ length: Int, by scale: Float, margin: Int, limit: Int) -> Range<Int> {
        let lower = (Float(start) * scale).rounded(.down) - Float(margin)
        let upper = (Float(start + length) * scale).rounded(.up) + Float(margin)
        let first = Int(min(max(lower, 0), Float(limit)))
        return first..<max(first, Int(min(max(upper, 0), Float(limit))))
    }

    /// The outermost `line` pixels of a rectangle.
    private mutating func drawFrame(
        rows: Range<Int>, columns: Range<Int>, line: Int, colour: SIMD3<UInt8>, opacity: UInt8
    ) {
        let width = width
        pixels.withUnsafeMutableBufferPointer { pixels in
            for row in rows {
                let onEdge = row < rows.lowerBound + line || row >= rows.upperBound - line
                for column in columns
                where onEdge || column < columns.lowerBound + line || column >= columns.upperBound - line {
                    pixels.blend(colour, opacity: opacity, at: row * width + column)
                }
            }
        }
    }
}

extension UnsafeMutableBufferPointer<UInt8> {
    /// Mixes a colour into pixel `index`; opacity 255 replaces it.
    @inline(__always)
    func blend(_ colour: SIMD3<UInt8>, opacity: UInt8, at index: Int) {
        for channel in 0..<3 {
            let old = Int32(self[index * 3 + channel])
            let mixed = old * 255 + (Int32(colour[channel]) - old) * Int32(opacity)
            self[index * 3 + channel] = UInt8(truncatingIfNeeded: (mixed + 127) / 255)
        }
    }
}
