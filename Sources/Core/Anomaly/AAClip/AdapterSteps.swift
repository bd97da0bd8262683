/// Adapters in training: their weights, the gradient that is being gathered, and Adam's moments of both towers.
package final class AdapterSteps {
    /// Of AA-CLIP's code.
    private static let firstDecay: Float = 0.5

    /// As they are now: the weights change with every step.
    package let adapters: AAClipAdapters
    /// Laid out as the weights; 0 after a step.
    package let gradients: Storage
    /// One optimiser a tower; their moments are laid out as the weights.
    private var text: Adam
    private var image: Adam

    package convenience init(_ adapters: AAClipAdapters) {
        let count = adapters.layout.count
        self.init(
            adapters, first: Storage(count: count), second: Storage(count: count), textSteps: 0, imageSteps: 0)
    }

    private init(_ adapters: AAClipAdapters, first: Storage, second: Storage, textSteps: Int, imageSteps: Int) {
        let count = adapters.layout.count
        self.adapters = AAClipAdapters(
            layout: adapters.layout, parameters: Storage(adapters.parameters.values(0..<count)),
            training: adapters.training)
        gradients = Storage(count: count)
        text = Adam(first: first, second: second, steps: textSteps, firstDecay: Self.firstDecay)
        image = Adam(first: first, second: second, steps: imageSteps, firstDecay: Self.firstDecay)
    }

    /// One step of a tower's adapters with the gradient that was gathered.
    package func step(_ stage: AdaptationStage, rate: Float, _ parallelism: Parallelism) {
        let layout = adapters.layout
        switch stage {
        case .text:
            text.step(adapters.parameters, gradients, rates: [(layout.textRange, rate)], parallelism)
        case .image:
            image.step(adapters.parameters, gradients, rates: [(layout.imageRange, rate)], parallelism)
        }
        gradients.base.update(repeating: 0, count: gradients.count)
    }
}

extension AdapterSteps {
    private static let moments = (first: "first.", second: "second.")

    /// Weights, and both moments under the same names with `first.` and `second.` before them.
    var tensors: [String: Tensor] {
        let places = adapters.layout.places
        var result = adapters.tensors
        for (name, tensor) in text.first.tensors(at: places) { result[Self.moments.first + name] = tensor }
        for (name, tensor) in text.second.tensors(at: places) { result[Self.moments.second + name] = tensor }
        return result
    }

    /// - Throws: `missingTensor`, `wrongShape`.
    convenience init(
        _ archive: WeightArchive, like adapters: AAClipAdapters, textSteps: Int, imageSteps: Int
    ) throws(WeightsError) {
        let layout = adapters.layout
        func numbers(_ prefix: String) throws(WeightsError) -> Storage {
            let result = Storage(count: layout.count)
            for place in layout.places {
                result.write(try archive.scope.tensor(prefix + place.name, place.shape).values, at: place)
            }
            return result
        }
        self.init(
            AAClipAdapters(layout: layout, parameters: try numbers(""), training: adapters.training),
            first: try numbers(Self.moments.first), second: try numbers(Self.moments.second), textSteps: textSteps,
            imageSteps: imageSteps)
    }

    /// Steps of a tower's adapters so far.
    func count(_ stage: AdaptationStage) -> Int { stage == .text ? text.steps : image.steps }

    /// The adapters as they are now, whatever follows.
    var snapshot: AAClipAdapters {
        AAClipAdapters(
            layout: adapters.layout, parameters: Storage(adapters.parameters.values(0..<adapters.layout.count)),
            training: adapters.training)
    }
}

/// Which tower learns.
package enum AdaptationStage: String, Codable, Sendable, Equatable {
    case text
    case image
}
