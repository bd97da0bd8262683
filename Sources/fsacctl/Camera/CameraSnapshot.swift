import ArgumentParser
import Capture
import Core
import Foundation
import Settings

/// `fsacctl camera snapshot`: one frame through the same code as the daemon's, so that it fails where the daemon would.
struct CameraSnapshot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Take one frame as the daemon would and store it as JPEG.")

    @OptionGroup var options: CameraOptions

    @Option(help: ArgumentHelp("Four-character code of the format (default: the camera's choice).", valueName: "code"))
    var format = ""

    @Option(help: ArgumentHelp("Width and height in pixels (default: the camera's choice).", valueName: "WxH"))
    var size: String?

    @Option(help: ArgumentHelp("Frames a second (default: the camera's choice).", valueName: "Hz"))
    var rate: Double?

    @Option(help: ArgumentHelp("Frames to drop first, while exposure settles.", valueName: "n"))
    var warmup = 5

    @Option(help: ArgumentHelp("Seconds to wait for the frame.", valueName: "s"))
    var timeout = 10.0

    @Option(help: "The JPEG file to write.", completion: .file(extensions: ["jpg", "jpeg"]))
    var output: String

    func validate() throws {
        if size != nil, widthAndHeight == nil { throw ValidationError("--size: expected WxH, for example 1280x720") }
        guard (0...1000).contains(warmup), (0.01...1000).contains(rate ?? 1), (0.1...3600).contains(timeout) else {
            throw ValidationError("expected --rate 0.01 to 1000, --timeout 0.1 to 3600, --warmup 0 to 1000")
        }
    }

    private var widthAndHeight: (width: Int, height: Int)? {
        let sides = size?.lowercased().split(separator: "x").map { Int($0) } ?? []
        guard sides.count == 2, let width = sides[0], let height = sides[1], width > 0, height > 0 else { return nil }
        return (width, height)
    }

    func run() throws {
        // What is not set is "as the camera likes": nothing is changed that was not asked for.
        var settings = Configuration.Camera(device: try options.path())
        // Whoever types a number means the camera that has it now.
        let device = try options.open()
        settings.bus = device.identity.bus
        device.close()
        settings.format = format
        (settings.width, settings.height) = widthAndHeight ?? (0, 0)
        settings.rateHertz = rate ?? 0
        settings.warmupFrames = warmup
        var source = V4L2Camera(settings)
        let (picture, frame) = try take(from: &source)
        let bytes: [UInt8]
        do {
            // As images.jpeg_quality_percent has it by default. A frame that is a JPEG already is stored as it came.
            bytes = try picture.storable(qualityPercent: 95)
        } catch {
            throw ClientError.file(path: output, reason: error.description)
        }
        try OutputFile.write(bytes, to: output)
        let report = SnapshotReport(
            file: output, bytes: bytes.count, source: source.reading.description,
            differences: source.reading.differences, frame: frame.name, missed: source.reading.missed)
        if options.json { try printJSON(report) } else { Terminal.write(report.text) }
    }

    /// The first sound frame.
    ///
    /// Damaged ones before it are passed over, for the first after a start often are; the last fault is the reason when
    /// none is sound.
    private func take(from source: inout V4L2Camera) throws -> (picture: Picture, frame: Frame) {
        let end = ContinuousClock.now + .seconds(timeout)
        var fault: String?
        while ContinuousClock.now < end {
            do throws(CaptureError) {
                // In small steps: a camera that is slow to start must not take longer than --timeout.
                guard case .frame(let frame) = try source.next(timeout: .milliseconds(200)) else { continue }
                switch frame.payload {
                case .success(let picture): return (picture, frame)
                case .failure(let reason): fault = reason.description
                }
            } catch .stalled(_, let damage) {
                // No end of it: the source starts the stream again, and there is time left.
                fault = damage?.description ?? "the camera sends none"
            } catch {
                throw ClientError.camera(error)
            }
        }
        throw ClientError.noFrame(
            source: source.reading.description, seconds: timeout, reason: fault ?? "none came")
    }
}

private struct SnapshotReport: Encodable {
    var file: String
    var bytes: Int
    /// Camera, format, size and rate.
    var source: String
    /// What was asked for and not given.
    var differences: [String]
    /// The driver's number of the frame.
    var frame: String
    /// Frames that the driver lost meanwhile.
    var missed: UInt64

    var text: String {
        var block = Block()
        block.add("stored", "\(file) (\(Format.bytes(bytes)))")
        block.add("camera", source)
        for difference in differences { block.add("note", difference) }
        return block.text
    }
}
