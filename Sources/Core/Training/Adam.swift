internal import CKernels
internal import Glibc

/// Stochastic gradient steps with running moments (Kingma and Ba, "Adam", 2015), in PyTorch's form.
struct Adam {
    private static let secondDecay: Float = 0.999
    private static let epsilon: Float = 1e-8
    private let firstDecay: Float
    /// The running moments, one number a parameter.
    let first: Storage
    let second: Storage
    private(set) var steps: Int

    /// - Parameter count: of parameters.
    init(count: Int, firstDecay: Float = 0.9) {
        self.init(first: Storage(count: count), second: Storage(count: count), steps: 0, firstDecay: firstDecay)
    }

    /// Goes on after `steps` steps.
    init(first: Storage, second: Storage, steps: Int, firstDecay: Float) {
        self.firstDecay = firstDecay
        self.first = first
        self.second = second
        self.steps = steps
    }

    /// One step of all parameters.
    ///
    /// - Parameter rates: ranges of parameters with their learning rates.
    mutating func step(
        _ parameters: Storage, _ gradients: Storage, rates: [(range: Range<Int>, rate: Float)],
        _ parallelism: Parallelism
    ) {
        steps += 1
        for (range, rate) in rates {
            var step = fsac_adam_step(
                first_decay: firstDecay, second_decay: Self.secondDecay,
                step_size: rate / (1 - pow(firstDecay, Float(steps))),
                second_scale: 1 / (1 - pow(Self.secondDecay, Float(steps))).squareRoot(), epsilon: Self.epsilon)
            withUnsafePointer(to: &step) { step in
                parallelism.forEachRange(of: range.count, grain: 4096) { _, slice in
                    let start = range.lowerBound + slice.lowerBound
                    fsac_adam(
                        step, gradients.base + start, first.base + start, second.base + start,
                        parameters.base + start, slice.count)
                }
            }
        }
    }
}
