/// One stage of an EfficientNet: blocks of the same kind, the first of which may shrink the picture.
package struct EfficientNetStage: Sendable {
    let repeats: Int
    let kernel: Int
    let stride: Int
    let expansion: Int
    let channels: Int

    package init(repeats: Int, kernel: Int, stride: Int, expansion: Int, channels: Int) {
        self.repeats = repeats
        self.kernel = kernel
        self.stride = stride
        self.expansion = expansion
        self.channels = channels
    }
}

/// What makes one EfficientNet-Lite different from another.
package struct EfficientNetConfiguration: Sendable {
    let stemChannels: Int
    let stages: [EfficientNetStage]
    let headChannels: Int
    let batchNormEpsilon: Float

    package init(stemChannels: Int, stages: [EfficientNetStage], headChannels: Int, batchNormEpsilon: Float) {
        self.stemChannels = stemChannels
        self.stages = stages
        self.headChannels = headChannels
        self.batchNormEpsilon = batchNormEpsilon
    }

    /// EfficientNet-Lite0: no squeeze-and-excitation, ReLU6, TensorFlow's batch-norm epsilon.
    package static let lite0 = EfficientNetConfiguration(
        stemChannels: 32,
        stages: [
            EfficientNetStage(repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 16),
            EfficientNetStage(repeats: 2, kernel: 3, stride: 2, expansion: 6, channels: 24),
            EfficientNetStage(repeats: 2, kernel: 5, stride: 2, expansion: 6, channels: 40),
            EfficientNetStage(repeats: 3, kernel: 3, stride: 2, expansion: 6, channels: 80),
            EfficientNetStage(repeats: 3, kernel: 5, stride: 1, expansion: 6, channels: 112),
            EfficientNetStage(repeats: 4, kernel: 5, stride: 2, expansion: 6, channels: 192),
            EfficientNetStage(repeats: 1, kernel: 3, stride: 1, expansion: 6, channels: 320),
        ],
        headChannels: 1280, batchNormEpsilon: 1e-3)
}

/// Weights of an EfficientNet laid out for computing, batch norms folded into the convolutions.
package struct EfficientNetWeights: Sendable {
    /// A mobile inverted bottleneck (Sandler et al. 2018): expand, depthwise, project, and the shortcut where shapes agree.
    struct Block: Sendable {
        /// Nil where the expansion is 1.
        let expansion: PointwiseConvolution?
        let depthwise: DepthwiseConvolution
        let projection: PointwiseConvolution
        let hasShortcut: Bool
        /// The number of the stage (from 1) that ends with this block.
        let endsStage: Int?
    }

    let stem: DenseConvolution
    let blocks: [Block]
    let head: PointwiseConvolution
    /// Whether 1 x 1 convolutions are, or in single precision.
    let isInIntegers: Bool
    let stageCount: Int

    /// How many blocks lead up to the end of a stage; 0 for stage 0.
    func blockCount(ofStage stage: Int) -> Int { blocks.firstIndex { $0.endsStage == stage }.map { $0 + 1 } ?? 0 }

    /// - Parameters:
    ///   - weights: tensors under the names of the PyTorch package `efficientnet-lite-pytorch`.
    ///   - inIntegers: whether 1 x 1 convolutions are computed in 16-bit integers, or in single precision.
    /// - Throws: `WeightsError` naming the first tensor that is missing or has another shape.
    package init(
        _ weights: WeightScope, _ configuration: EfficientNetConfiguration, inIntegers: Bool = false
    ) throws(WeightsError) {
        isInIntegers = inIntegers
        let epsilon = configuration.batchNormEpsilon
        let stemNorm = try FoldedBatchNorm(weights["_bn0"], configuration.stemChannels, epsilon: epsilon)
        var kernel = try weights["_conv_stem"].tensor("weight", [configuration.stemChannels, 3, 3, 3])
        for index in kernel.values.indices { kernel.values[index] *= stemNorm.scale[index / 27] }
        stem = DenseConvolution(kernel: 3, stride: 2, weights: kernel, bias: stemNorm.bias)

        var blocks: [Block] = []
        var channels = configuration.stemChannels
        for (stageIndex, stage) in configuration.stages.enumerated() {
            for position in 0..<stage.repeats {
                blocks.append(
                    try Block(
                        weights["_blocks.\(blocks.count)"], stage, inputs: channels,
                        stride: position == 0 ? stage.stride : 1,
                        epsilon: epsilon, inIntegers: inIntegers,
                        endsStage: position == stage.repeats - 1 ? stageIndex + 1 : nil))
                channels = stage.channels
            }
        }
        // What the forward pass takes for granted (EfficientNet.swift): the stem's output is only filtered, never added.
        precondition(
            blocks.enumerated().allSatisfy { ($0 == 0) == ($1.expansion == nil) } && !blocks[0].hasShortcut,
            "efficientnet: only the first block may lack an expansion, and it has no shortcut")
        self.blocks = blocks
        head = try PointwiseConvolution(
            weights["_conv_head"], norm: weights["_bn1"], inputs: channels, outputs: configuration.headChannels,
            epsilon: epsilon, inIntegers: inIntegers)
        stageCount = configuration.stages.count
    }
}

extension EfficientNetWeights.Block {
    init(
        _ weights: WeightScope, _ stage: EfficientNetStage, inputs: Int, stride: Int, epsilon: Float,
        inIntegers: Bool, endsStage: Int?
    ) throws(WeightsError) {
        let expanded = inputs * stage.expansion
        expansion =
            stage.expansion == 1
            ? nil
            : try PointwiseConvolution(
                weights["_expand_conv"], norm: weights["_bn0"], inputs: inputs, outputs: expanded, epsilon: epsilon,
                inIntegers: inIntegers)
        let norm = try FoldedBatchNorm(weights["_bn1"], expanded, epsilon: epsilon)
        let taps = stage.kernel * stage.kernel
        let kernel = try weights["_depthwise_conv"].tensor("weight", [expanded, 1, stage.kernel, stage.kernel])
        var scaled = Matrix(rows: expanded, columns: taps, values: kernel.values)
        for channel in 0..<expanded {
            for tap in 0..<taps { scaled[channel, tap] *= norm.scale[channel] }
        }
        depthwise = DepthwiseConvolution(
            kernel: stage.kernel, stride: stride, weights: scaled.transposed().values, bias: norm.bias)
        projection = try PointwiseConvolution(
            weights["_project_conv"], norm: weights["_bn2"], inputs: expanded, outputs: stage.channels,
            epsilon: epsilon, inIntegers: inIntegers)
        hasShortcut = stride == 1 && inputs == stage.channels
        self.endsStage = endsStage
    }
}

extension PointwiseConvolution {
    /// With its batch norm folded in.
    fileprivate init(
        _ weights: WeightScope, norm: WeightScope, inputs: Int, outputs: Int, epsilon: Float,
        inIntegers: Bool
    ) throws(WeightsError) {
        let norm = try FoldedBatchNorm(norm, outputs, epsilon: epsilon)
        let kernel = try weights.tensor("weight", [outputs, inputs, 1, 1])
        var matrix = Matrix(rows: outputs, columns: inputs, values: kernel.values)
        for index in matrix.values.indices { matrix.values[index] *= norm.scale[index / inputs] }
        self =
            inIntegers
            ? .words(IntegerLinear(weights: matrix, bias: norm.bias, width: .words))
            : .float32(Linear(weights: matrix, bias: norm.bias))
    }
}

extension FoldedBatchNorm {
    init(_ weights: WeightScope, _ channels: Int, epsilon: Float) throws(WeightsError) {
        self.init(
            gamma: try weights.vector("weight", channels), beta: try weights.vector("bias", channels),
            mean: try weights.vector("running_mean", channels), variance: try weights.vector("running_var", channels),
            epsilon: epsilon)
    }
}
