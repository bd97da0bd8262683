import Core
import Glibc
import Platform
import Settings

/// Requests to a device, with failures as ``CaptureError`` of its camera.
struct DeviceAttempt {
    let path: String
    let system: any CameraSystem
    /// A slow camera answers each request late: each is a piece of work of its own.
    var progress: LoopProgress?

    func callAsFunction<Answer>(
        _ body: () throws(DeviceFailure) -> Answer
    ) throws(CaptureError) -> Answer {
        progress?.begin()
        do {
            return try body()
        } catch {
            throw CaptureError(error, path: path, system: system)
        }
    }
}

extension Duration {
    /// Up to the longest there is; what a driver says beyond that says nothing.
    fileprivate static func exposure(_ hundredMicroseconds: Int) -> Self {
        0...36_000_000 ~= hundredMicroseconds ? .microseconds(100 * hundredMicroseconds) : .zero
    }
}

/// What a camera was asked for and what its driver gave.
struct DeviceAgreement {
    let format: DeviceFormat
    /// Between two frames, as the driver says.
    let period: Duration?
    /// Of a frame, zero when the camera does not say.
    let exposure: Duration
    private let asked: Configuration.Camera
    private let controls: ConfiguredControls

    /// Asks for everything, in the order in which drivers take it. The stream must be off.
    ///
    /// - Throws: `notGiven` when a format or size that was asked for is not given.
    init(
        with device: any CaptureDevice, asked: Configuration.Camera, _ attempt: DeviceAttempt
    ) throws(CaptureError) {
        self.asked = asked
        // In this order: a signal's timings set the format, and a new format may set back the rate.
        try attempt { () throws(DeviceFailure) in try device.followSignal() }
        format = try Self.agreeOnFormat(with: device, asked: asked, attempt)
        period = try attempt { () throws(DeviceFailure) in
            if asked.rateHertz > 0, let given = try device.setPeriod(.seconds(1 / asked.rateHertz)) { return given }
            return device.period()
        }
        // Some cheap cameras answer such a question with an error, and send pictures all the same.
        // Where no control is configured, nothing is missed then.
        let offered = try attempt { () throws(DeviceFailure) -> [CameraControl] in
            do throws(DeviceFailure) { return try device.controls() } catch
                where asked.controls.isEmpty && !error.isGone
            { return [] }
        }
        let controls = try ConfiguredControls(asked.controls, offered: offered, path: asked.device)
        self.controls = controls
        exposure = try attempt { () throws(DeviceFailure) -> Duration in
            try controls.apply(to: device)
            guard let control = offered.first(where: { $0.id == CameraControl.exposureAbsolute }) else { return .zero }
            // Read once: with automatic exposure it changes, which FrameClock allows for.
            do throws(DeviceFailure) { return .exposure(try device.value(of: control)) } catch  where !error.isGone {
                return .zero
            }
        }
    }

    private static func agreeOnFormat(
        with device: any CaptureDevice, asked: Configuration.Camera, _ attempt: DeviceAttempt
    ) throws(CaptureError) -> DeviceFormat {
        let offered = try attempt { () throws(DeviceFailure) in try device.formats() }
        let current = try attempt { () throws(DeviceFailure) in try device.format() }
        let height = asked.height > 0 ? asked.height : current.height
        let width = asked.width > 0 ? asked.width : current.width
        var failure: CaptureError?
        for wanted in try candidates(asked: asked, offered: offered, current: current.fourCC) {
            let given = try attempt { () throws(DeviceFailure) in
                try device.setFormat(wanted, height: height, width: width)
            }
            // Drivers answer with what they have instead, without an error.
            let isSize = asked.height == 0 || given.height == height && given.width == width
            if given.fourCC == wanted, isSize { return given }
            // The first is told: it is the format that was wanted most.
            failure =
                failure
                ?? .notGiven(
                    path: asked.device, asked: "\(wanted) \(width) x \(height)", got: given.text,
                    offered: device.sizes(of: wanted))
        }
        throw failure ?? .formatUnreadable(path: asked.device, format: "", offered: offered.map(\.description))
    }

    /// The format that was asked for; else those that can be read, the camera's own choice first and those that have to
    /// be converted last.
    private static func candidates(
        asked: Configuration.Camera, offered: [FourCC], current: FourCC
    ) throws(CaptureError) -> [FourCC] {
        let readable = offered.filter { FrameReading($0) != nil }
        if asked.format.isEmpty {
            let others = readable.filter { $0 != current }
            return readable.filter { $0 == current } + others.filter { FrameReading($0) != .converted }
                + others.filter { FrameReading($0) == .converted }
        }
        // One that was asked for is never replaced: pictures of another format are not those of the shots.
        guard let wanted = FourCC(asked.format), readable.contains(wanted) else {
            throw .formatUnreadable(
                path: asked.device, format: asked.format,
                offered: (readable.isEmpty ? offered : readable).map(\.description))
        }
        return [wanted]
    }

    /// What the driver has now that it streams: some change their mind.
    func confirmed(by device: any CaptureDevice, _ attempt: DeviceAttempt) throws(CaptureError) -> DeviceFormat {
        let given = try attempt { () throws(DeviceFailure) in try device.format() }
        guard given.fourCC == format.fourCC, given.height == format.height, given.width == format.width else {
            throw .notGiven(path: asked.device, asked: format.text, got: "\(given.text) once it streams", offered: [])
        }
        return given
    }

    /// `v4l2 /dev/v4l/by-path/... YUYV 640 x 480, 25 Hz`.
    var description: String {
        "v4l2 \(asked.device) \(format.text)" + (period.map { ", \(Self.hertz($0)) Hz" } ?? "")
    }

    /// What was asked for and not given, a sentence each.
    func differences(on device: any CaptureDevice) throws(DeviceFailure) -> [String] {
        var differences: [String] = []
        // A rate is no reason to judge nothing: it is told, and everything that waits goes by what is measured.
        if asked.rateHertz > 0 {
            let wanted = Duration.seconds(1 / asked.rateHertz)
            if let period {
                // 29.97 is 30.
                if abs(period / wanted - 1) > 0.01 {
                    differences.append(
                        "rate: asked for \(Self.hertz(wanted)) Hz, the driver gives \(Self.hertz(period)) Hz")
                }
            } else {
                differences.append("rate: asked for \(Self.hertz(wanted)) Hz, the driver cannot be asked")
            }
        }
        if !format.isProgressive {
            differences.append("frames: asked for whole ones, the driver gives interlaced ones")
        }
        return differences + (try controls.differences(on: device))
    }

    /// Two decimals at most: `29.97`, `25`.
    private static func hertz(_ period: Duration) -> String {
        let hundredths = Int((100 * (.seconds(1) / period)).rounded())
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return "\(whole)" }
        return "\(whole)." + (rest < 10 ? "0\(rest)" : rest % 10 == 0 ? "\(rest / 10)" : "\(rest)")
    }
}
