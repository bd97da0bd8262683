package import Core

/// Says when a part has come to rest in view, from the change between frames.
///
/// A part that moves in changes a frame where it is; when that ends for some frames, it lies still. Two levels keep a
/// change near one level from counting several times (hysteresis). It sees movement and rest, not parts: a place that
/// was emptied comes to rest as well.
package struct PresenceDetector: Sendable {
    private enum State: Equatable {
        /// Also at the start: what lies there already has not come.
        case resting
        /// Frames without movement since the last with.
        case moving(stillFrames: Int)
    }

    /// Thumbnail pixels along a side of a block.
    private static let blockSide = 4
    /// Blocks that count: a small part fills few, and sensor noise does not gather in them.
    private static let blocks = 4

    private let startLevel: Double
    private let stopLevel: Double
    private let stillFrames: Int
    private var state = State.resting
    /// Of the newest frame that could be believed, however long ago.
    private var last: GreyThumbnail?
    /// Frames in a row up to now that could not be believed.
    private var gap = 0

    /// - Parameters:
    ///   - startLevel: a change above it is movement; grey levels, see ``change(from:to:)``.
    ///   - stopLevel: a change below it is stillness; at most `startLevel`.
    ///   - stillFrames: how many still frames in a row are rest, at least 1.
    package init(startLevel: Double, stopLevel: Double, stillFrames: Int) {
        precondition(
            stopLevel <= startLevel && stillFrames > 0, "presence: \(startLevel), \(stopLevel), \(stillFrames)")
        self.startLevel = startLevel
        self.stopLevel = stopLevel
        self.stillFrames = stillFrames
    }

    /// - Parameter thumbnail: of the next frame; nil for one that cannot be believed and for frames that are missing.
    ///   Such a gap is no stillness; movement during it is seen by the frame after it.
    /// - Returns: true once for each part, at the frame that shows it at rest.
    package mutating func cameToRest(_ thumbnail: GreyThumbnail?) -> Bool {
        guard let thumbnail else {
            gap += 1
            return false
        }
        defer { (last, gap) = (thumbnail, 0) }
        guard let last, last.height == thumbnail.height, last.width == thumbnail.width else { return false }
        let change = Self.change(from: last, to: thumbnail)
        switch state {
        // While it moves, the lower level and every gap keep it moving: rest has to be seen.
        case _ where change > startLevel, .moving where change >= stopLevel || gap > 0:
            state = .moving(stillFrames: 0)
        case .resting:
            break
        case .moving(let frames) where frames + 1 < stillFrames:
            state = .moving(stillFrames: frames + 1)
        case .moving:
            state = .resting
            return true
        }
        return false
    }

    /// True once in each gap that has become as long as a rest: parts may come and go, and nobody sees them.
    package var wentBlind: Bool { gap == stillFrames }

    /// How much two thumbnails of one size differ: the mean absolute difference of each block of 4 x 4 pixels, averaged
    /// over the four blocks that changed most; grey levels.
    package static func change(from old: GreyThumbnail, to new: GreyThumbnail) -> Double {
        var changes: [Double] = []
        for top in stride(from: 0, to: new.height, by: blockSide) {
            for left in stride(from: 0, to: new.width, by: blockSide) {
                let rows = top..<min(top + blockSide, new.height)
                let columns = left..<min(left + blockSide, new.width)
                var sum: Float = 0
                for row in rows {
                    for index in (row * new.width + columns.lowerBound)..<(row * new.width + columns.upperBound) {
                        sum += abs(new.levels[index] - old.levels[index])
                    }
                }
                changes.append(Double(sum) / Double(rows.count * columns.count))
            }
        }
        let strongest = changes.sorted(by: >).prefix(blocks)
        return strongest.reduce(0, +) / Double(strongest.count)
    }
}

/// A grey picture that is small enough to be compared frame by frame.
package struct GreyThumbnail: Sendable, Equatable {
    /// Longest side.
    private static let side = 64

    package let height: Int
    package let width: Int
    /// `[height, width]`, 0 to 255.
    package let levels: [Float]

    package init(height: Int, width: Int, levels: [Float]) {
        precondition(
            height > 0 && width > 0 && levels.count == height * width, "thumbnail: \(levels.count) levels")
        self.height = height
        self.width = width
        self.levels = levels
    }

    /// Means over whole pixels, at most 64 on the longer side; luma as of ITU-R BT.601.
    package init(_ image: Image) {
        let factor = max(1, (max(image.height, image.width) + Self.side - 1) / Self.side)
        let (height, width) = (max(1, image.height / factor), max(1, image.width / factor))
        var levels: [Float] = []
        levels.reserveCapacity(height * width)
        image.pixels.withUnsafeBufferPointer { pixels in
            for row in 0..<height {
                for column in 0..<width {
                    var sum = 0
                    for y in row * image.height / height..<(row + 1) * image.height / height {
                        let start = 3 * (y * image.width + column * image.width / width)
                        let end = 3 * (y * image.width + (column + 1) * image.width / width)
                        for red in stride(from: start, to: end, by: 3) {
                            sum += 299 * Int(pixels[red]) + 587 * Int(pixels[red + 1]) + 114 * Int(pixels[red + 2])
                        }
                    }
                    let rows = (row + 1) * image.height / height - row * image.height / height
                    let columns = (column + 1) * image.width / width - column * image.width / width
                    levels.append(Float(sum) / Float(1000 * rows * columns))
                }
            }
        }
        self.init(height: height, width: width, levels: levels)
    }
}
