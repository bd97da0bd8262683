import Core
import Foundation

/// Times of what methods ask of a CLIP: the embedding of a picture, with the gradient of a score, with WinCLIP's windows; and
/// once, the text embeddings of the prompt ensemble.
struct TowerBench {
    let model: BackboneModel
    let inputSize: Int
    let parallelism: Parallelism

    struct Report: Encodable {
        let backbone: String
        let size: Int
        let threads: Int
        let runs: Int
        let sgemmGigaflops: Double
        let stagesMs: [String: Percentiles]
        let prompts: Int
        /// Of all prompts. The tower is read from its file within this time, as a fit does it once.
        let textSeconds: Double
        /// The most memory that the process has had: it decides whether a model fits below the unit's `MemoryMax=`.
        let peakBytes: Int

        enum CodingKeys: String, CodingKey {
            case backbone, size, threads, runs, prompts
            case sgemmGigaflops = "sgemm_gigaflops"
            case stagesMs = "stages_ms"
            case textSeconds = "text_s"
            case peakBytes = "peak_bytes"
        }

        func printTable() {
            Terminal.line("\(backbone) at \(size), \(threads) threads, \(runs) runs")
            Bench.printTable(stagesMs, stages: ["embed", "gradient", "windows"])
            Terminal.line(
                String(
                    format: "text of %d prompts %.1f s, peak memory %.2f GiB", prompts, textSeconds,
                    Double(peakBytes) / 0x1p30))
        }
    }

    func report(runs: Int) throws -> Report {
        let times = try stages(runs: runs).percentiles
        let sentences = Wording().sentences
        var lap = Lap()
        _ = try model.textEmbeddings(of: sentences.normal + sentences.abnormal, parallelism: parallelism)
        let text = lap.next()
        return Report(
            backbone: model.name, size: inputSize, threads: parallelism.threads, runs: runs,
            sgemmGigaflops: SGEMMPeak.measure(parallelism), stagesMs: times,
            prompts: sentences.normal.count + sentences.abnormal.count, textSeconds: text / 1000,
            peakBytes: try Self.peakBytes())
    }

    private func stages(runs: Int) throws -> StageTimes {
        let network = model.makeBackbone(inputSize: inputSize, parallelism: parallelism)
        let count = 3 * inputSize * inputSize
        // Any numbers will do, for time does not depend on them, but not zeros.
        let input = Tensor(
            shape: [3, inputSize, inputSize], values: (0..<count).map { sin(0.37 * Float($0 % 10_007)) })
        let request = FeatureRequest(finalTokens: true)
        var times = StageTimes()
        for run in -3..<runs {
            var lap = Lap()
            _ = network.features(of: input, request)
            let embed = lap.next()
            if let network = network as? any DifferentiableBackbone {
                // The direction is the class token itself: any other costs the same.
                _ = network.features(of: input, request) { $0 }
            }
            let gradient = lap.next()
            // Seconds each: a few are enough.
            let windows = run % 8 == 0 ? FeatureRequest(windows: [2, 3]) : nil
            _ = windows.map { network.features(of: input, $0) }
            let windowsTime = lap.next()
            guard run >= 0 else { continue }
            times.add(["embed": embed, "gradient": gradient])
            if windows != nil { times.add(["windows": windowsTime]) }
        }
        return times
    }

    /// The kernel's account of this process.
    private static func peakBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) * 1024
    }
}
