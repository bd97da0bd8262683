/// How adapters are trained. What is fixed is that of AA-CLIP's code.
package struct AdaptationSettings: Codable, Sendable, Equatable, CustomStringConvertible {
    static let batch = (text: 16, image: 2)
    static let rate = (text: Float(1e-5), image: Float(5e-4))
    /// Steps of the second stage after which its rate is halved.
    static let halvings = [16_000, 32_000]

    /// S: the side of the square network input, in pixels.
    package var inputSize: Int
    package var textEpochs: Int
    package var imageEpochs: Int
    /// Draws the first weights, the order of the pictures and their changes.
    package var seed: UInt64

    package init(inputSize: Int = 518, textEpochs: Int = 5, imageEpochs: Int = 20, seed: UInt64 = 0) {
        self.inputSize = inputSize
        self.textEpochs = textEpochs
        self.imageEpochs = imageEpochs
        self.seed = seed
    }

    enum CodingKeys: String, CodingKey {
        case seed
        case inputSize = "input_size"
        case textEpochs = "text_epochs"
        case imageEpochs = "image_epochs"
    }

    package var description: String {
        "\(textEpochs) and \(imageEpochs) epochs, \(inputSize) pixels, seed \(seed)"
    }

    /// What is wrong with them, in words; nil when nothing is.
    package var problem: String? {
        for epochs in [textEpochs, imageEpochs] where !(1...1000).contains(epochs) {
            return "epochs: expected 1 to 1000 for each stage, got \(epochs)"
        }
        return nil
    }

    func batch(_ stage: AdaptationStage) -> Int { stage == .text ? Self.batch.text : Self.batch.image }

    func epochs(_ stage: AdaptationStage) -> Int { stage == .text ? textEpochs : imageEpochs }

    /// Of the step after `steps` others of its stage.
    func rate(_ stage: AdaptationStage, after steps: Int) -> Float {
        guard stage == .image else { return Self.rate.text }
        return Self.halvings.reduce(Self.rate.image) { steps >= $1 ? $0 / 2 : $0 }
    }

    /// Random numbers that belong to one purpose alone, however far a training has come.
    func random(_ purpose: Int...) -> SplitMix64 {
        purpose.reduce(SplitMix64(seed: seed)) { random, number in
            var random = random
            return SplitMix64(seed: random.next() ^ UInt64(number))
        }
    }
}

/// How far a training has come.
struct AdaptationPosition: Codable, Equatable {
    /// Nil: it is finished.
    var stage: AdaptationStage?
    /// Of the stage, counted from 0.
    var epoch = 0
    /// Pictures of the epoch that are done.
    var pictures = 0
    /// Of the epoch's batches so far.
    var lossSum = 0.0
    var batches = 0
}
