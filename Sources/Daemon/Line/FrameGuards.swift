import Capture
import Core

/// What a frame must be to be judged at all: there, fresh, of the right size, and neither dark nor saturated.
///
/// Pure, on the inspection thread. The order of the checks is that of their causes: what came before the picture is
/// told before what is in it.
enum FrameGuards {
    /// The part's picture, if one came, in time, and not the same for too often.
    static func picture(of part: Part) throws(Invalidity) -> Picture {
        let frame = try part.frame.get()
        // Asked when the inspection would begin: a verdict that comes too late to act on is none.
        if let deadline = part.deadline, .now > deadline {
            let late = StageClock.milliseconds(.now - deadline)
            throw Invalidity(.deadlineMissed, "its inspection would have begun \(late) ms after the deadline")
        }
        let picture: Picture
        do throws(FrameFault) {
            picture = try frame.payload.get()
        } catch {
            throw Invalidity(error)
        }
        guard part.recipe.frozenFrames == 0 || part.repeats < part.recipe.frozenFrames else {
            throw Invalidity(.frameFrozen, "\(part.repeats) frames in a row with the same bytes")
        }
        return picture
    }

    /// - Parameters:
    ///   - size: what came.
    ///   - expected: nil = any.
    ///   - area: its region of interest has to lie inside.
    static func check(
        _ size: (height: Int, width: Int), expected: (height: Int, width: Int)?, area: InspectionArea
    ) throws(Invalidity) {
        let came = "got \(size.height) x \(size.width)"
        if let expected, size != expected {
            throw Invalidity(.sizeMismatch, "expected \(expected.height) x \(expected.width) (height x width), \(came)")
        }
        if let roi = area.roi, roi.y + roi.height > size.height || roi.x + roi.width > size.width {
            throw Invalidity(
                .sizeMismatch,
                "the recipe's roi needs \(roi.y + roi.height) x \(roi.x + roi.width) (height x width), \(came)")
        }
    }

    /// Of the inspected area alone: a dark surrounding says nothing.
    static func check(_ image: Image, brightness: ClosedRange<Double>) throws(Invalidity) {
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
