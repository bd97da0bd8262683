import ArgumentParser
import Core
import Foundation
import Glibc

/// `fsacctl adapt`: AA-CLIP's adapters, trained. The only command that takes days, so it may be interrupted at any
/// moment, and is told to go on by being given again.
struct Adapt: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train AA-CLIP's adapters for a CLIP model on labelled pictures of other products.",
        discussion: """
            DATASET is a folder in MVTec AD's layout, or holds several: the pictures of test/good and test/<defect> are learnt \
            from, and every defective one needs its mask in ground_truth. The folders' names say what the pictures show \
            (metal_nut is "metal nut"). Do not use the product that will be inspected.

            A model of ViT-L-14-336's size takes days on a few cores. What has been learnt is kept in the models directory \
            every five minutes; the same command goes on from there. The adapters are then used as the backbone \
            CLIPNAME@NAME, with method = "aa-clip".
            """)

    /// What an interruption may cost at most.
    private static let savingInterval = Duration.seconds(300)

    @Argument(help: "The data set, or a folder of data sets.", completion: .directory)
    var dataset: String

    @Option(help: "The CLIP model: a name that `model list` shows.")
    var backbone: String

    @Option(help: "The adapters' name in the models directory.")
    var name: String

    @Option(help: "Epochs of the text's and of the image's adapters.")
    // These and the size below are AA-CLIP's own.
    var epochs = IntegerList(values: [5, 20])

    @Option(help: "Side of the square network input, in pixels.")
    var size = 518

    @Option(help: "Draws the first weights, the pictures' order and their changes.")
    var seed: UInt64 = 0

    @Option(help: "Threads to compute with.")
    var threads = 2

    @OptionGroup var models: ModelsDirectoryOption

    @Flag(help: "Print JSON.")
    var json = false

    /// What a kept training has to have been begun with: with other settings the same command is refused, not gone on
    /// with.
    private var settings: AdaptationSettings {
        AdaptationSettings(
            inputSize: size, textEpochs: epochs.values.first ?? 0, imageEpochs: epochs.values.last ?? 0, seed: seed)
    }

    func validate() throws {
        guard epochs.values.count == 2 else {
            throw ValidationError("--epochs: expected two numbers, as in 5,20, got \(epochs.defaultValueDescription)")
        }
        if let problem = settings.problem { throw ValidationError("--\(problem)") }
        guard (1...64).contains(threads) else { throw ValidationError("--threads: expected 1 to 64, got \(threads)") }
    }

    private struct Report: Encodable {
        let name: String
        let path: String
        let pictures: Int
        /// Of this run: those of before an interruption are not known any more.
        let losses: [Loss]

        struct Loss: Encodable {
            let stage: AdaptationStage
            let epoch: Int
            let loss: Double
        }
    }

    func run() throws {
        let directory = models.directory
        // Before anything is read: a name or a folder that will not do shows now, not after days.
        try directory.prepare(for: name)
        let pictures = try AdaptationSet(directory: dataset)
        let model = try AdaptationModel.load(backbone, modelsDirectory: directory)
        // Only now, because the model says of what the size has to be a multiple.
        let patch = model.configuration.image.patchSize
        guard size >= patch, size <= 1024, size.isMultiple(of: patch) else {
            throw ValidationError("--size: expected a multiple of \(patch) up to 1024, got \(size)")
        }
        // No model to any loader: it has no sidecar.
        let state = directory.path + "/" + name + ".adaptation.safetensors"
        let training = try training(model, pictures, state)
        if !json {
            Terminal.line(
                "\(pictures.count) pictures (\(pictures.defectiveCount) defective) of "
                    + pictures.objects.joined(separator: ", "))
        }
        let losses = try finish(training, savingTo: state)
        let outcome = try training.adapters.write(
            name: name, source: "trained on \(pictures.objects.joined(separator: ", ")) for \(model.name)",
            licence: "unknown", to: directory)
        // Last: an interruption before leaves a training that is gone on with at its end.
        unlink(state)
        if json {
            try printJSON(
                Report(name: name, path: outcome.path, pictures: pictures.count, losses: losses))
        } else {
            Terminal.line("\(outcome.path): use it as backbone = \"\(backbone)@\(name)\" with method = \"aa-clip\"")
        }
    }

    private func training(
        _ model: AdaptationModel, _ pictures: AdaptationSet, _ state: String
    ) throws -> Adaptation {
        let parallelism = Parallelism(threads: threads)
        if access(state, F_OK) == 0 {
            let training = try Adaptation.resume(from: state, model, pictures, settings, parallelism: parallelism)
            let (done, total) = training.passes
            if !json { Terminal.line("going on with \(state): \(100 * done / max(total, 1)) % are done") }
            return training
        }
        let training = Adaptation(model, pictures, settings, parallelism: parallelism)
        // A folder that cannot be written to shows now, not after the first minutes.
        try training.save(to: state)
        return training
    }

    /// Steps until the end.
    private func finish(_ training: Adaptation, savingTo state: String) throws -> [Report.Loss] {
        let start = training.passes
        // From here on: what an earlier run did would make the time that is left look short.
        let bar = ProgressBar("adapting", total: Double(start.total - start.done))
        defer { bar.finish() }
        var losses: [Report.Loss] = []
        var saved = ContinuousClock.now
        while let report = try training.step() {
            bar.update(Double(training.passes.done - start.done))
            if let loss = report.epochLoss {
                losses.append(.init(stage: report.stage, epoch: report.epoch, loss: loss))
                // The line that follows must not be written into it.
                bar.finish()
                if !json {
                    Terminal.line(
                        "\(report.stage.rawValue), epoch \(report.epoch): loss \(String(format: "%.4f", loss))")
                }
            }
            // Also after every epoch, whose loss has just been printed: what was shown is not trained again.
            guard report.epochLoss != nil || ContinuousClock.now - saved > Self.savingInterval else { continue }
            try training.save(to: state)
            saved = ContinuousClock.now
        }
        return losses
    }
}
