import Core

/// What a frame must be to be judged at all: there, fresh, of the right size, and neither dark nor saturated.
public struct FrameGuards: Sendable {
    /// Pixels; nil = any.
    public var size: (height: Int, width: Int)?
    /// Mean grey level, 0 to 255.
    public var brightness: ClosedRange<Double>
    /// That many equal payloads in a row are a frozen camera; 0 = off.
    public var frozenFrames: Int

    private var lastPicture: Picture?
    private var equalPayloads = 0

    public init(
        size: (height: Int, width: Int)? = nil, brightness: ClosedRange<Double> = 0...255, frozenFrames: Int = 0
    ) {
        self.size = size
        self.brightness = brightness
        self.frozenFrames = frozenFrames
    }

    /// The frame's picture, if it has some and they are not those of the frames before.
    mutating func picture(of frame: Frame) throws(Invalidity) -> Picture {
        let picture: Picture
        do throws(FrameFault) {
            picture = try frame.payload.get()
        } catch {
            throw Invalidity(error)
        }
        guard frozenFrames > 0 else { return picture }
        equalPayloads = picture == lastPicture ? equalPayloads + 1 : 1
        lastPicture = picture
        guard equalPayloads < frozenFrames else {
            throw Invalidity(.frameFrozen, "\(equalPayloads) frames in a row with the same bytes")
        }
        return picture
    }

    func check(_ image: Image) throws(Invalidity) {
        if let size, image.height != size.height || image.width != size.width {
            throw Invalidity(
                .sizeMismatch,
                "expected \(size.height) x \(size.width) (height x width), got \(image.height) x \(image.width)")
        }
        let mean = image.meanLevel
        if mean < brightness.lowerBound {
            throw Invalidity(.frameDark, "mean grey level \(mean), expected at least \(brightness.lowerBound)")
        }
        if mean > brightness.upperBound {
            throw Invalidity(.frameSaturated, "mean grey level \(mean), expected at most \(brightness.upperBound)")
        }
    }
}

extension Image {
    /// Mean over all pixels and channels, 0 to 255.
    var meanLevel: Double {
        let sum = pixels.withUnsafeBufferPointer { pixels in pixels.reduce(0) { $0 &+ UInt64($1) } }
        return Double(sum) / Double(pixels.count)
    }
}
