/// One data set with one number of shots.
package struct ShotEvaluation: Sendable, Encodable {
    /// The data set's name.
    package let set: String
    package let shots: Int
    package let runs: [EvaluationRun]

    /// Over the seeds.
    package var mean: EvaluationFigures { .mean(of: runs.map(\.figures)) }
    /// Over the seeds.
    package var deviation: EvaluationFigures { .deviation(of: runs.map(\.figures)) }

    /// The means stand beside `set` and `shots`.
    package func encode(to encoder: any Encoder) throws {
        try mean.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(set, forKey: .set)
        try container.encode(shots, forKey: .shots)
        try container.encode(runs.count, forKey: .seeds)
        try container.encode(deviation, forKey: .deviation)
        try container.encode(runs, forKey: .runs)
    }

    enum CodingKeys: String, CodingKey {
        case set, shots, seeds, runs
        case deviation = "std"
    }
}

/// One data set, one number of shots, one seed.
package struct EvaluationRun: Sendable, Equatable, Codable {
    package struct Picture: Sendable, Equatable, Codable {
        /// Folder and file name below `test`.
        package let file: String
        /// nil is good.
        package let defect: String?
        package let score: Float
    }

    package let seed: Int
    /// File names of the shots.
    package let shots: [String]
    /// The defective picture that was one more shot; nil when all shots were good.
    package let outlier: String?
    /// Of all these, those that the model has learnt nothing from.
    package let oddShots: [String]
    /// The side of the network's input that the model uses, in pixels.
    package let inputSize: Int
    /// The layers of the backbone that the model uses.
    package let layers: [Int]
    package let figures: EvaluationFigures
    /// What the limit rests on.
    package let evidence: CalibrationEvidence
    /// Whether training helped; nil of a method that trains nothing.
    package let training: TrainingEvidence?
    /// The parts that taught the model; nil when none did.
    package let stream: StreamRun?
    package let pictures: [Picture]
    /// Whether it was taken from the cache; its times are then those of the day when it was computed.
    package var isCached = false
    /// The pictures that were judged wrong by the widest margin; not in the JSON.
    package var misjudged: [MisjudgedPicture] = []

    package var normalScores: [Float] { pictures.filter { $0.defect == nil }.map(\.score) }
    package var anomalousScores: [Float] { pictures.filter { $0.defect != nil }.map(\.score) }

    init(
        seed: Int, shots: [String], outlier: String? = nil, oddShots: [String] = [], inputSize: Int, layers: [Int],
        figures: EvaluationFigures,
        evidence: CalibrationEvidence, training: TrainingEvidence? = nil, stream: StreamRun? = nil,
        pictures: [Picture],
        misjudged: [MisjudgedPicture]
    ) {
        self.seed = seed
        self.shots = shots
        self.outlier = outlier
        self.oddShots = oddShots
        self.inputSize = inputSize
        self.layers = layers
        self.figures = figures
        self.evidence = evidence
        self.training = training
        self.stream = stream
        self.pictures = pictures
        self.misjudged = misjudged
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        figures = try EvaluationFigures(from: decoder)
        seed = try container.decode(Int.self, forKey: .seed)
        shots = try container.decode([String].self, forKey: .shots)
        outlier = try container.decodeIfPresent(String.self, forKey: .outlier)
        oddShots = try container.decode([String].self, forKey: .oddShots)
        inputSize = try container.decode(Int.self, forKey: .inputSize)
        layers = try container.decode([Int].self, forKey: .layers)
        evidence = try container.decode(CalibrationEvidence.self, forKey: .evidence)
        training = try container.decodeIfPresent(TrainingEvidence.self, forKey: .training)
        stream = try container.decodeIfPresent(StreamRun.self, forKey: .stream)
        pictures = try container.decode([Picture].self, forKey: .pictures)
    }

    package func encode(to encoder: any Encoder) throws {
        try figures.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(seed, forKey: .seed)
        try container.encode(shots, forKey: .shots)
        try container.encodeIfPresent(outlier, forKey: .outlier)
        try container.encode(oddShots, forKey: .oddShots)
        try container.encode(inputSize, forKey: .inputSize)
        try container.encode(layers, forKey: .layers)
        try container.encode(evidence, forKey: .evidence)
        try container.encodeIfPresent(training, forKey: .training)
        try container.encodeIfPresent(stream, forKey: .stream)
        try container.encode(pictures, forKey: .pictures)
        try container.encode(isCached, forKey: .isCached)
    }

    enum CodingKeys: String, CodingKey {
        case seed, shots, outlier, layers, evidence, training, stream, pictures
        case oddShots = "odd_shots"
        case inputSize = "input_size"
        case isCached = "cached"
    }
}
