/// A picture while an anomaly is drawn into it.
struct AnomalyCanvas {
    let original: Image
    private(set) var image: Image
    /// `[height, width]`.
    private(set) var mask: Matrix
    private let foreground: ForegroundMask?
    /// The smallest rectangle around all that was drawn.
    private var touched: PixelRectangle?

    init(_ image: Image, foreground: ForegroundMask?) {
        original = image
        self.image = image
        self.foreground = foreground
        mask = Matrix(rows: image.height, columns: image.width)
    }

    /// How opaque an anomaly of this strength is. Even the faintest is a fifth of the whole.
    static func opacity(_ strength: Float) -> Float { 0.2 + 0.8 * strength }

    /// A length, uniform between the shortest and a longest that grows with the strength; both are shares of the picture's
    /// shorter side.
    func length(_ range: ClosedRange<Float>, strength: Float, using random: inout SplitMix64) -> Float {
        let longest = range.lowerBound + (0.15 + 0.85 * strength) * (range.upperBound - range.lowerBound)
        return random.uniform(range.lowerBound...longest) * Float(min(image.height, image.width))
    }

    /// Where to put a rectangle: anywhere, or with its centre and at least half of its area on the object (a
    /// quarter suffices in NSA).
    ///
    /// - Parameter margin: pixels to leave free around it.
    func place(height: Int, width: Int, margin: Int = 0, using random: inout SplitMix64) -> PixelRectangle {
        let (bottom, right) = (image.height - height - margin, image.width - width - margin)
        precondition(bottom >= margin && right >= margin, "anomaly: [\(height), \(width)] with a margin of \(margin)")
        func anywhere() -> PixelRectangle {
            PixelRectangle(
                x: random.integer(margin...right), y: random.integer(margin...bottom), width: width, height: height)
        }
        guard let foreground else { return anywhere() }
        var rectangle = anywhere()
        for _ in 0..<16 {
            let centre = foreground.place(using: &random)
            rectangle.y = min(max(Int(centre.down * Float(image.height)) - height / 2, margin), bottom)
            rectangle.x = min(max(Int(centre.across * Float(image.width)) - width / 2, margin), right)
            if foreground.share(of: rectangle, height: image.height, width: image.width) >= 0.5 { break }
        }
        return rectangle
    }

    /// Mixes a patch into the picture: `pixel += opacity * coverage * (patch - pixel)`; the mask becomes the coverage where
    /// that is more.
    ///
    /// - Parameters:
    ///   - coverage: `[height, width]` of the patch, 0...1; nil is 1 everywhere.
    ///   - rectangle: of the patch's size, inside of the picture.
    mutating func lay(_ patch: Image, coverage: Matrix? = nil, opacity: Float, in rectangle: PixelRectangle) {
        precondition(
            rectangle.lies(inHeight: image.height, width: image.width) && patch.height == rectangle.height
                && patch.width == rectangle.width, "anomaly: \(rectangle) in [\(image.height), \(image.width)]")
        touched = touched?.union(rectangle) ?? rectangle
        let width = image.width
        image.pixels.withUnsafeMutableBufferPointer { pixels in
            mask.values.withUnsafeMutableBufferPointer { mask in
                patch.pixels.withUnsafeBufferPointer { patch in
                    for row in 0..<rectangle.height {
                        for column in 0..<rectangle.width {
                            let index = row * rectangle.width + column
                            let covered = coverage?.values[index] ?? 1
                            guard covered > 0 else { continue }
                            let target = (rectangle.y + row) * width + rectangle.x + column
                            mask[target] = max(mask[target], covered)
                            for channel in 0..<3 {
                                let old = Float(pixels[target * 3 + channel])
                                let new = old + opacity * covered * (Float(patch[index * 3 + channel]) - old)
                                pixels[target * 3 + channel] = UInt8(new + 0.5)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Makes the mask of how much each covered pixel has changed: `mask *= label(mean difference of the channels)`.
    ///
    /// - Parameter label: of a difference in 0...1.
    mutating func labelByChange(_ label: (Float) -> Float) {
        let table = (0...765).map { label(Float($0) / 765) }
        forEachTouchedPixel { pixel in
            guard mask.values[pixel] > 0 else { return }
            mask.values[pixel] *= table[change(of: pixel)]
        }
    }

    /// Grey levels by which the covered pixels differ from the original in the mean.
    var meanChange: Float {
        var (sum, count) = (0, 0)
        forEachTouchedPixel { pixel in
            guard mask.values[pixel] > 0 else { return }
            sum += change(of: pixel)
            count += 1
        }
        return count == 0 ? 0 : Float(sum) / Float(3 * count)
    }

    /// The sum of the channels' differences.
    private func change(of pixel: Int) -> Int {
        (pixel * 3..<pixel * 3 + 3).reduce(0) { $0 + abs(Int(image.pixels[$1]) - Int(original.pixels[$1])) }
    }

    private func forEachTouchedPixel(_ body: (Int) -> Void) {
        guard let touched else { return }
        for row in touched.y..<touched.y + touched.height {
            for column in touched.x..<touched.x + touched.width { body(row * image.width + column) }
        }
    }
}

extension PixelRectangle {
    /// The smallest rectangle around both.
    fileprivate func union(_ other: PixelRectangle) -> PixelRectangle {
        let (left, top) = (min(x, other.x), min(y, other.y))
        return PixelRectangle(
            x: left, y: top, width: max(x + width, other.x + other.width) - left,
            height: max(y + height, other.y + other.height) - top)
    }
}

extension Image {
    /// A piece of the picture.
    ///
    /// - Precondition: the rectangle lies inside of it.
    package func cropped(to rectangle: PixelRectangle) -> Image {
        precondition(rectangle.lies(inHeight: height, width: width), "crop: \(rectangle) of [\(height), \(width)]")
        var piece: [UInt8] = []
        piece.reserveCapacity(rectangle.height * rectangle.width * 3)
        for row in rectangle.y..<rectangle.y + rectangle.height {
            let start = (row * width + rectangle.x) * 3
            piece += pixels[start..<start + rectangle.width * 3]
        }
        return Image(height: rectangle.height, width: rectangle.width, pixels: piece)
    }
}

extension Orientation {
    /// Any of the eight.
    static func drawn(using random: inout SplitMix64) -> Orientation {
        allCases[random.integer(0...allCases.count - 1)]
    }

    /// The size of what is upright as `height` x `width`.
    func storedSize(height: Int, width: Int) -> PixelSize {
        swapsSides ? PixelSize(height: width, width: height) : PixelSize(height: height, width: width)
    }
}
