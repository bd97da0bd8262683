/// Trains AA-CLIP's adapters (Ma et al., CVPR 2025, section 3) on labelled pictures of other products than those that will be
/// inspected: first the text's, then the image's. One thread uses it at a time.
///
/// Equal weights, pictures and settings give equal adapters, whether or not the training was interrupted.
package final class Adaptation {
    package struct Report: Sendable, Equatable {
        package let stage: AdaptationStage
        /// Counted from 1.
        package let epoch: Int
        /// Of the batch.
        package let loss: Double
        /// The mean over the epoch's batches; only after the last of them.
        package let epochLoss: Double?
    }

    private enum Purpose {
        static let weights = 0
        static let order = 1
        static let changes = 2
    }

    let model: AdaptationModel
    let pictures: AdaptationSet
    let settings: AdaptationSettings
    let steps: AdapterSteps
    private(set) var position: AdaptationPosition
    private let parallelism: Parallelism
    private let tower: AAClipImageTower
    private let text: TextAdaptation
    private let image: ImageAdaptation
    /// Of each object; they are made once the text's adapters are trained.
    private lazy var anchors = pictures.objects.indices.map(text.anchors)

    /// - Precondition: the settings have no problem; the model's patches divide their input size.
    package convenience init(
        _ model: AdaptationModel, _ pictures: AdaptationSet, _ settings: AdaptationSettings, parallelism: Parallelism
    ) {
        var random = settings.random(Purpose.weights)
        self.init(
            model, pictures, settings,
            AdapterSteps(model.untrained(inputSize: settings.inputSize, seed: random.next())),
            AdaptationPosition(stage: .text), parallelism)
    }

    init(
        _ model: AdaptationModel, _ pictures: AdaptationSet, _ settings: AdaptationSettings, _ steps: AdapterSteps,
        _ position: AdaptationPosition, _ parallelism: Parallelism
    ) {
        self.model = model
        self.pictures = pictures
        self.settings = settings
        self.steps = steps
        self.position = position
        self.parallelism = parallelism
        tower = AAClipImageTower(
            VisionTransformer(model.image, input: PixelSize(square: settings.inputSize), parallelism: parallelism),
            steps.adapters)
        image = ImageAdaptation(tower, parallelism)
        guard
            let reader = AAClipTextTower(
                TextTransformer(model.text, parallelism: parallelism), steps.adapters, parallelism)
        else { preconditionFailure("adaptation: adapters without a text tower") }
        text = TextAdaptation(
            reader, prompts: pictures.objects.map(model.prompts), grid: tower.network.grid, side: settings.inputSize)
    }

    /// As they are now.
    package var adapters: AAClipAdapters { steps.snapshot }

    /// Passes of a picture through the image tower, the way back counted as two.
    package var passes: (done: Int, total: Int) {
        let (text, image) = (pictures.count * settings.textEpochs, 3 * pictures.count * settings.imageEpochs)
        let inStage = pictures.count * position.epoch + position.pictures
        switch position.stage {
        case .text: return (inStage, text + image)
        case .image: return (text + 3 * inStage, text + image)
        case nil: return (text + image, text + image)
        }
    }

    /// Trains on the next batch; nil when the training is finished.
    ///
    /// - Throws: what is wrong with a picture or its mask; `diverged`.
    package func step() throws(AdaptationError) -> Report? {
        guard let stage = position.stage else { return nil }
        let epoch = position.epoch
        var order = settings.random(Purpose.order, stage.number, epoch)
        let batch = (0..<pictures.count).shuffled(using: &order).dropFirst(position.pictures)
            .prefix(settings.batch(stage))
        let loss = stage == .text ? try textLoss(Array(batch), epoch) : try imageLoss(Array(batch), epoch)
        guard loss.isFinite else { throw .diverged(step: steps.count(stage)) }
        steps.step(stage, rate: settings.rate(stage, after: steps.count(stage)), parallelism)
        position.pictures += batch.count
        position.lossSum += loss
        position.batches += 1
        var mean: Double?
        if position.pictures == pictures.count {
            mean = position.lossSum / Double(position.batches)
            finishEpoch(of: stage)
        }
        return Report(stage: stage, epoch: epoch + 1, loss: loss, epochLoss: mean)
    }

    private func finishEpoch(of stage: AdaptationStage) {
        let isLast = position.epoch + 1 == settings.epochs(stage)
        position = AdaptationPosition(
            stage: isLast ? (stage == .text ? .image : nil) : stage, epoch: isLast ? 0 : position.epoch + 1)
    }

    private func textLoss(_ batch: [Int], _ epoch: Int) throws(AdaptationError) -> Double {
        let last = model.configuration.image.depth + 1
        var examples: [TextAdaptation.Example] = []
        for index in batch {
            let (input, mask, sample) = try changed(index, .text, epoch)
            let features = tower.network.features(of: input, FeatureRequest(layers: [last], finalTokens: true))
            guard let patches = features.layers[last]?.tokens, let embedding = features.classToken else {
                preconditionFailure("adaptation: features without layer \(last)")
            }
            examples.append(
                TextAdaptation.Example(
                    features: TextAdaptation.features(patches: patches, embedding: embedding), mask: mask,
                    object: sample.object))
        }
        return text.loss(examples, into: steps.gradients)
    }

    private func imageLoss(_ batch: [Int], _ epoch: Int) throws(AdaptationError) -> Double {
        var loss = 0.0
        for index in batch {
            let (input, mask, sample) = try changed(index, .image, epoch)
            loss += image.loss(
                input, mask: mask, isDefective: sample.isDefective, anchors[sample.object],
                share: 1 / Float(batch.count), into: steps.gradients)
        }
        return loss / Double(batch.count)
    }

    /// A picture as it is seen in one epoch. Colours change in the second stage alone.
    private func changed(
        _ index: Int, _ stage: AdaptationStage, _ epoch: Int
    ) throws(AdaptationError) -> (input: Tensor, mask: [Float], sample: AdaptationSet.Sample) {
        let side = settings.inputSize
        let sample = try pictures.sample(index, side: side)
        var random = settings.random(Purpose.changes, stage.number, epoch, index)
        var small = sample.image.resized(height: side, width: side, filter: model.preprocessing.interpolation)
        if stage == .image { small = AdaptationAugmentation.jittered(small, using: &random) }
        let (input, mask) = AdaptationAugmentation.moved(
            model.preprocessing.input(from: small, size: side), mask: sample.mask, using: &random)
        return (input, mask, sample)
    }
}

extension AdaptationStage {
    fileprivate var number: Int { self == .text ? 0 : 1 }
}
