import ArgumentParser
import Core
import Foundation

/// `fsacctl bench`: how long a backbone takes on this machine. It says what `docs/performance.md` says of ours, and
/// whether a camera's rate can be kept.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time the stages of one inspection on this machine.",
        discussion:
            "Uses synthetic pictures; times do not depend on what is in them. `embed` is the whole network; `score` is what "
            + "the method does with the features of the layers that it uses, fitted to --shots pictures. Percentiles are over "
            + "--runs, after a warm-up. With --frame only the way from a camera's buffer to the backbone's input is timed, on one thread; "
            + "with --towers only what methods ask of a CLIP."
    )

    @OptionGroup var backbone: BackboneOptions
    @OptionGroup var method: MethodOptions

    @Option(help: "Shots that the method is fitted to.")
    var shots = 8

    @Option(help: "Timed runs, at least 30.")
    // Of 30 runs the 95th percentile is the slowest but one; the 99th is the slowest itself until there are 100.
    var runs = 30

    @Option(help: "One frame as a camera gives it.", completion: .file())
    var frame: String?

    @Option(
        name: .customLong("frame-format"),
        help: "What the camera was set to: MJPG, YUYV, UYVY, NV12, GREY, RGB3 or BGR3 with its size.",
        transform: FrameFormat.parsed)
    var frameFormat: FrameFormat?

    @Flag(help: "Time embedding, gradient and windows of a CLIP's image tower, and the text embeddings of all prompts.")
    var towers = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard runs >= 30 else { throw ValidationError("--runs: expected at least 30, got \(runs)") }
        guard (1...100).contains(shots) else { throw ValidationError("--shots: expected 1 to 100, got \(shots)") }
        guard (frame == nil) == (frameFormat == nil) else {
            throw ValidationError("--frame and --frame-format: expected both or none, got one")
        }
    }

    func run() throws {
        let model = try backbone.load()
        let size = backbone.inputSize(for: model)
        try backbone.check(inputSize: size, of: model)
        if towers {
            guard model.readsText else { throw ValidationError("--towers: \(model.name) has no text tower") }
            let report = try TowerBench(model: model, inputSize: size, parallelism: backbone.parallelism).report(
                runs: runs)
            return json ? try printJSON(report) : report.printTable()
        }
        if let frame, let frameFormat {
            let bench = FrameBench(
                buffer: try PictureFile.read(frame), encoding: frameFormat.encoding,
                preprocessing: model.preprocessing, inputSize: size)
            let times = try bench.times(runs: runs).percentiles
            return json ? try printJSON(times) : Self.printTable(times, stages: FrameBench.stages)
        }
        // Not one of the shots, which begin with 1: its own patches would be found at once.
        let jpeg = Self.picture(0).jpegBytes(qualityPercent: 90)
        let (fitted, features) = try fit(model, jpeg)
        let embedding = embedding(model, fitted)
        var times = StageTimes()
        // The first runs fill caches and let the memory grow.
        for run in -5..<runs {
            var lap = Lap()
            let image = try Image(decoding: jpeg)
            let decode = lap.next()
            let (preprocess, embed) = embedding(image)
            // What the closure measured itself is not measured twice.
            _ = lap.next()
            _ = fitted.score(features, parallelism: backbone.parallelism)
            let score = lap.next()
            guard run >= 0 else { continue }
            times.add([
                "decode": decode, "preprocess": preprocess, "embed": embed, "score": score,
                "total": decode + preprocess + embed + score,
            ])
        }
        let report = Report(
            backbone: model.name, method: fitted.settings.method.name, shots: shots, size: fitted.backbone.inputSize,
            threads: backbone.threads,
            runs: runs, blasKernels: OpenBLAS.coreName,
            sgemmGigaflops: SGEMMPeak.measure(backbone.parallelism), stagesMs: times.percentiles)
        if json { try printJSON(report) } else { report.printTable() }
    }

    /// Milliseconds that a picture's preprocessing and features take: the whole of one backbone; of joined ones what
    /// the model needs, with the preprocessing of each counted as embedding.
    ///
    /// The whole of one backbone, because that is what other programs are compared with; joined ones exist here only.
    private func embedding(
        _ model: BackboneModel, _ fitted: FittedModel
    ) -> (Image) -> (preprocess: Double, embed: Double) {
        let size = fitted.backbone.inputSize
        guard model.isJoined else {
            let network = model.makeBackbone(inputSize: size, parallelism: backbone.parallelism)
            return { image in
                var lap = Lap()
                let input = model.preprocessing.input(from: image, size: size)
                let preprocess = lap.next()
                _ = network.features(of: input, FeatureRequest(finalTokens: true))
                return (preprocess, lap.next())
            }
        }
        let extractor = FeatureExtractor(model, inputSize: size, parallelism: backbone.parallelism)
        return { image in
            var lap = Lap()
            _ = fitted.features(of: image, by: extractor)
            return (0, lap.next())
        }
    }

    /// A model of seeded pictures, and the features of one that it has not seen.
    private func fit(_ model: BackboneModel, _ jpeg: [UInt8]) throws -> (FittedModel, Features) {
        let extractors = ExtractorSource(
            model, parallelism: backbone.parallelism, textCache: EvaluationCacheOptions.textCache)
        let pictures = (1...shots).map { Picture(.file, bytes: Self.picture(UInt32($0)).jpegBytes(qualityPercent: 90)) }
        let fitted = try FittedModel.fit(
            shots: pictures.map { try Shot(picture: $0) }, extractors: extractors,
            settings: method.settings(for: model, inputSize: backbone.size), stopwatch: backbone.stopwatch,
            parallelism: backbone.parallelism)
        let extractor = extractors.extractor(inputSize: fitted.backbone.inputSize)
        let features = fitted.features(of: try Image(decoding: jpeg), by: extractor)
        return (fitted, features)
    }

    /// A seeded picture with edges and texture, so that the JPEG is of a natural size.
    private static func picture(_ number: UInt32) -> Image {
        let (height, width) = (480, 640)
        var state = number &* 2_654_435_761 &+ 1
        let pixels = (0..<height * width * 3).map { index -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            let (row, column) = (index / 3 / width, index / 3 % width)
            return UInt8((row / 40 + column / 40) % 2 * 120 + 40 + Int(state >> 27))
        }
        return Image(height: height, width: width, pixels: pixels)
    }

    private struct Report: Encodable {
        let backbone: String
        let method: String
        let shots: Int
        let size: Int
        let threads: Int
        let runs: Int
        let blasKernels: String
        let sgemmGigaflops: Double
        let stagesMs: [String: Percentiles]

        enum CodingKeys: String, CodingKey {
            case backbone, method, shots, size, threads, runs
            case blasKernels = "blas_kernels"
            case sgemmGigaflops = "sgemm_gigaflops"
            case stagesMs = "stages_ms"
        }

        func printTable() {
            Terminal.line(
                "\(backbone) at \(size), \(method) of \(shots) shots, \(threads) threads, \(runs) runs, "
                    + "OpenBLAS kernels \(blasKernels)")
            Terminal.line(String(format: "SGEMM peak %.0f GFLOP/s", sgemmGigaflops))
            Bench.printTable(stagesMs, stages: ["decode", "preprocess", "embed", "score", "total"])
        }
    }

    static func printTable(_ times: [String: Percentiles], stages: [String]) {
        Terminal.line("stage            min      p50      p95      p99 ms")
        for stage in stages {
            guard let times = times[stage] else { continue }
            let name = stage.padding(toLength: 12, withPad: " ", startingAt: 0)
            Terminal.line(name + String(format: " %8.2f %8.2f %8.2f %8.2f", times.min, times.p50, times.p95, times.p99))
        }
    }
}

/// Times of the stages over many runs, in milliseconds.
struct StageTimes {
    private var samples: [String: [Double]] = [:]

    mutating func add(_ run: [String: Double]) {
        for (stage, time) in run { samples[stage, default: []].append(time) }
    }

    var percentiles: [String: Percentiles] { samples.mapValues(Percentiles.init) }
}

/// Nearest-rank percentiles, in milliseconds.
struct Percentiles: Encodable {
    let min: Double
    let p50: Double
    let p95: Double
    let p99: Double

    init(_ samples: [Double]) {
        let sorted = samples.sorted()
        // A time that was measured, never one between two.
        func rank(_ share: Double) -> Double {
            sorted[Swift.min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1)]
        }
        min = sorted[0]
        p50 = rank(0.5)
        p95 = rank(0.95)
        p99 = rank(0.99)
    }
}

/// A stopwatch on the monotonic clock. It begins when it is made.
struct Lap {
    private let clock = ContinuousClock()
    private var last = ContinuousClock().now

    /// Milliseconds since the last call.
    mutating func next() -> Double {
        let now = clock.now
        defer { last = now }
        return (now - last) / .milliseconds(1)
    }
}

/// The speed of a large square product, the most that a network can reach. Measured in the same run, because other load
/// and the machine's clock change it.
enum SGEMMPeak {
    static func measure(_ parallelism: Parallelism) -> Double {
        let side = 1024
        let left = Matrix(rows: side, columns: side, values: (0..<side * side).map { Float($0 % 7) })
        // The best of ten: what disturbs can only slow it down.
        var best = Double.infinity
        for _ in 0..<10 {
            var lap = Lap()
            _ = left.multiplied(by: left, parallelism: parallelism)
            best = min(best, lap.next())
        }
        // A multiplication and an addition each; milliseconds to gigaflops.
        return 2 * Double(side * side * side) / best / 1e6
    }
}
