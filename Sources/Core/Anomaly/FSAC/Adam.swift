internal import CKernels
internal import Glibc

/// Stochastic gradient steps with running moments (Kingma and Ba, "Adam", 2015), in PyTorch's form.
struct Adam {
    private static let decays: (first: Float, second: Float) = (0.9, 0.999)
    private static let epsilon: Float = 1e-8
    private let first: Storage
    private let second: Storage
    private var steps = 0

    /// - Parameter count: of parameters.
    init(count: Int) {
        first = Storage(count: count)
        second = Storage(count: count)
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
                first_decay: Self.decays.first, second_decay: Self.decays.second,
                step_size: rate / (1 - pow(Self.decays.first, Float(steps))),
                second_scale: 1 / (1 - pow(Self.decays.second, Float(steps))).squareRoot(), epsilon: Self.epsilon)
            withUnsafePointer(to: &step) { step in
                parallelism.forEachRange(of: range.count, grain: 4096) { _, part in
                    let start = range.lowerBound + part.lowerBound
                    fsac_adam(
                        step, gradients.base + start, first.base + start, second.base + start,
                        parameters.base + start, part.count)
                }
            }
        }
    }
}
