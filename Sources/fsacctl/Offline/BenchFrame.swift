import ArgumentParser
import Core
import Foundation

/// What a camera was set to: `MJPG:1920x1080`. A buffer does not say so itself.
struct FrameFormat {
    let encoding: Picture.Encoding

    static func parsed(_ argument: String) throws -> FrameFormat {
        guard let format = FrameFormat(argument) else {
            throw ValidationError("--frame-format: expected a format such as MJPG:1920x1080, got \(argument)")
        }
        return format
    }

    private init?(_ argument: String) {
        let pieces = argument.split(separator: ":")
        let sides = pieces.last?.split(separator: "x").compactMap { Int($0) } ?? []
        guard pieces.count == 2, sides.count == 2, sides.allSatisfy({ 16...20_000 ~= $0 }) else { return nil }
        let (width, height) = (sides[0], sides[1])
        if pieces[0] == "MJPG" {
            encoding = .motionJPEG(height: height, width: width)
        } else if let format = PixelFormat(rawValue: String(pieces[0])) {
            // Rows without a gap between them, as most drivers have them.
            encoding = .raw(format, height: height, width: width, bytesPerRow: format.rowBytes(width: width))
        } else {
            return nil
        }
    }
}

/// The way of one frame from a camera's buffer to the backbone's input, on one thread: copied out of the buffer, decoded and
/// reduced, resized and normalised. Its comparison as a whole with the shots is told apart: no other program does that.
struct FrameBench {
    let buffer: [UInt8]
    let encoding: Picture.Encoding
    let preprocessing: Preprocessing
    let inputSize: Int

    static let stages = ["copy", "decode", "preprocess", "total", "scene"]

    func times(runs: Int) throws -> StageTimes {
        let shot = try Picture(encoding, bytes: buffer).image(atLeast: inputSize)
        // Twice the same shot lies alike: the position is looked at, too.
        let scene = SceneMonitor(SceneStatistics(shots: [shot, shot]))
        var times = StageTimes()
        for run in -5..<runs {
            var lap = Lap()
            // The driver wants its buffer back at once: the line copies, too.
            let bytes = buffer.withUnsafeBytes { [UInt8]($0) }
            let copy = lap.next()
            let image = try Picture(encoding, bytes: bytes).image(atLeast: inputSize)
            let decode = lap.next()
            _ = scene.shift(of: image)
            let look = lap.next()
            _ = preprocessing.input(from: image, size: inputSize)
            let preprocess = lap.next()
            guard run >= 0 else { continue }
            times.add([
                "copy": copy, "decode": decode, "scene": look, "preprocess": preprocess,
                "total": copy + decode + preprocess,
            ])
        }
        return times
    }
}
