/// How a region looks in a picture for people.
package struct RegionStyle: Sendable {
    /// Longer pictures are reduced to this.
    package var maxSide = 480
    /// Red, green, blue; of what is looked at closely.
    package var boxColour = SIMD3<UInt8>(255, 210, 0)
    /// Of the main axis and the place that it goes through.
    package var axisColour = SIMD3<UInt8>(255, 60, 60)
    /// Of the border of what was taken for the part.
    package var outlineColour = SIMD3<UInt8>(0, 230, 255)
    /// In pixels of the drawing.
    package var lineWidth = 2.0

    package static let standard = RegionStyle()

    package init() {}
}

extension PartRegion {
    /// A picture of the scene with what the fine view looks at: the outline of what stands out from the background, whatever the
    /// choice made of it; the box; the main axis of a part that is followed, with its tip at the end that reaches farther.
    ///
    /// - Parameter image: as the model sees it, at any reduction.
    /// - Returns: the picture, reduced until no side is longer than the style says. Without a part in it, the picture alone.
    package func drawn(on image: Image, style: RegionStyle = .standard) -> Image {
        let scale = min(1, Double(style.maxSide) / Double(max(image.height, image.width)))
        func reduced(_ side: Int) -> Int { max(1, Int(Double(side) * scale)) }
        var canvas = image.resized(height: reduced(image.height), width: reduced(image.width), filter: .bilinear)
        if let mask = PartMask(of: image, level: maskLevel) { canvas.outline(mask, style) }
        guard !isFull, let placement = placement(in: image) else { return canvas }
        let size = SIMD2(Double(canvas.width), Double(canvas.height))
        func place(_ x: Double, _ y: Double) -> SIMD2<Double> {
            let place = placement.inPicture(x: x, y: y)
            return SIMD2(place.x, place.y) * size
        }
        let corners = [place(0, 0), place(1, 0), place(1, 1), place(0, 1)]
        for (corner, next) in zip(corners, corners.dropFirst() + corners.prefix(1)) {
            canvas.draw(from: corner, to: next, style.boxColour, style)
        }
        if case .pose(let extent, _, _) = shape {
            let middle = -extent.top / extent.height
            let (tail, tip) = (place(0, middle), place(1, middle))
            canvas.draw(from: tail, to: tip, style.axisColour, style)
            let back = (tail - tip) / 12
            for barb in [back + back.across / 2, back - back.across / 2] {
                canvas.draw(from: tip, to: tip + barb, style.axisColour, style)
            }
            let centroid = place(-extent.left / extent.width, middle)
            canvas.draw(from: centroid, to: centroid, style.axisColour, style, width: 4 * style.lineWidth)
        }
        return canvas
    }

    /// At which a placement, or else the choice, asks for the part.
    private var maskLevel: Float { if case .pose = shape { PartMask.poseLevel } else { PartMask.boxLevel } }
}

extension Image {
    /// Around all cells of a mask that lies over the whole picture.
    fileprivate mutating func outline(_ mask: PartMask, _ style: RegionStyle) {
        let (height, width) = (height, width)
        func isPart(_ row: Int, _ column: Int) -> Bool {
            guard (0..<height).contains(row), (0..<width).contains(column) else { return false }
            return mask.isPart[row * mask.rows / height * mask.columns + column * mask.columns / width]
        }
        let reach = max(1, Int(style.lineWidth / 2))
        pixels.withUnsafeMutableBufferPointer { pixels in
            for row in 0..<height {
                for column in 0..<width where isPart(row, column) {
                    let isInner =
                        isPart(row - reach, column) && isPart(row + reach, column) && isPart(row, column - reach)
                        && isPart(row, column + reach)
                    if !isInner { pixels.blend(style.outlineColour, opacity: 255, at: row * width + column) }
                }
            }
        }
    }

    /// A line with soft edges over a darker, wider one that keeps it visible on bright places.
    mutating func draw(
        from start: SIMD2<Double>, to end: SIMD2<Double>, _ colour: SIMD3<UInt8>, _ style: RegionStyle,
        width lineWidth: Double? = nil
    ) {
        let (height, width, half) = (height, width, (lineWidth ?? style.lineWidth) / 2)
        let way = end - start
        let length = max((way * way).sum(), 1e-9)
        func pixelsAround(_ a: Double, _ b: Double, _ count: Int) -> Range<Int> {
            let lower = min(max(min(a, b) - half - 2, 0), Double(count))
            return Int(lower)..<Int(min(max(max(a, b) + half + 2, lower), Double(count)))
        }
        pixels.withUnsafeMutableBufferPointer { pixels in
            for row in pixelsAround(start.y, end.y, height) {
                for column in pixelsAround(start.x, end.x, width) {
                    let place = SIMD2(Double(column) + 0.5, Double(row) + 0.5)
                    let along = min(max(((place - start) * way).sum() / length, 0), 1)
                    let offset = place - start - along * way
                    let distance = (offset * offset).sum().squareRoot()
                    func opacity(_ reach: Double) -> UInt8 { UInt8(255 * min(max(reach - distance + 0.5, 0), 1)) }
                    pixels.blend(.zero, opacity: opacity(half + 1) / 2, at: row * width + column)
                    pixels.blend(colour, opacity: opacity(half), at: row * width + column)
                }
            }
        }
    }
}
