// k sampled patches, D feature width.

/// What the backbone said of a made-up picture when a model was fitted, and the model's score of it; kept with the model. A line
/// that says something else computes other numbers than those that it was fitted with: other weights, another preprocessing, or a
/// processor that computes wrongly.
package struct Golden: Sendable, Equatable {
    /// Largest difference that is none: of the numbers of a layer, as the root of their mean square, and of the score, as a share.
    /// Kernels that OpenBLAS has for other processors differ by 1e-6 at most (DINOv2-small at 322 px, four of them).
    package static let tolerance: Float = 1e-3
    /// Patches of each layer that are kept: all share the weights, so that a few tell.
    private static let sampled = 16

    let picture: Image
    /// By the name of what is looked at, `[k, D]`.
    let features: [String: Matrix]
    let score: Float

    /// - Throws: `deadFeatures` when they are such that no trained network computed them.
    init(of model: FittedModel, _ extractor: FeatureExtractor, _ parallelism: Parallelism) throws(FitError) {
        if let deadness = model.deadness(of: extractor) { throw .deadFeatures(deadness) }
        guard let golden = Golden(of: .golden, model, extractor, parallelism) else {
            throw .deadFeatures("features of another kind than of the shots")
        }
        self = golden
    }

    /// Nil when they are of another kind than the model was fitted with.
    fileprivate init?(
        of picture: Image, _ model: FittedModel, _ extractor: FeatureExtractor, _ parallelism: Parallelism
    ) {
        let found = model.featuresOfAnything(picture, by: extractor)
        guard model.accepts(found) else { return nil }
        var features: [String: Matrix] = [:]
        for (layer, map) in found.layers { features["layer \(layer)"] = Self.sample(map.tokens) }
        for (side, map) in found.windows { features["windows of \(side)"] = Self.sample(map.tokens) }
        for (number, view) in (found.fine ?? []).enumerated() {
            for (layer, map) in view.layers {
                features["layer \(layer) of fine view \(number)"] = Self.sample(map.tokens)
            }
        }
        features["whole picture"] = found.classToken.map { Matrix(rows: 1, columns: $0.count, values: $0) }
        self.init(
            picture: picture, features: features,
            score: model.score(found, parallelism: parallelism).imageScore)
    }

    private init(picture: Image, features: [String: Matrix], score: Float) {
        self.picture = picture
        self.features = features
        self.score = score
    }

    private static func sample(_ tokens: Matrix) -> Matrix {
        let step = max(tokens.rows / sampled, 1)
        let rows = Array(stride(from: 0, to: tokens.rows, by: step).prefix(sampled))
        return Matrix(
            rows: rows.count, columns: tokens.columns,
            values: rows.flatMap { row in (0..<tokens.columns).map { tokens[row, $0] } })
    }

    /// How another's features differ from these beyond the tolerance, in words; nil = they do not.
    fileprivate func difference(ofFeatures other: Golden) -> String? {
        guard features.keys == other.features.keys else { return "other layers" }
        for (name, expected) in features.sorted(by: { $0.key < $1.key }) {
            guard let got = other.features[name], got.values.count == expected.values.count else {
                return "another number of features in the \(name)"
            }
            let share = Self.difference(expected.values, got.values)
            guard share <= Self.tolerance else { return Self.words("the features of the \(name)", share) }
        }
        return nil
    }

    /// As ``difference(ofFeatures:)``, and of the score.
    fileprivate func difference(of other: Golden) -> String? {
        if let difference = difference(ofFeatures: other) { return difference }
        let share = Self.difference(score, other.score)
        return share <= Self.tolerance ? nil : Self.words("the score", share)
    }

    /// Largest difference, as ``tolerance``, of the score of a model that is fitted anew from the same shots: where two patches are
    /// equal but for the last digit, another processor may remember the other one.
    package static let refitTolerance: Float = 1e-2

    /// How a model that was fitted from the same shots elsewhere compares: the largest differences, as shares.
    ///
    /// - Parameter other: fitted here; `expected` is the other one's.
    /// - Throws: ``GoldenDifference`` when it is another model.
    package func comparison(
        toFitHere other: Golden, isScoreExpected: Bool = true
    ) throws(GoldenDifference) -> (features: Float, score: Float) {
        guard picture == other.picture else {
            throw GoldenDifference(words: "another picture: made by another version")
        }
        if let words = difference(ofFeatures: other) { throw GoldenDifference(words: words) }
        let largest =
            features.map { name, expected in
                Self.difference(expected.values, other.features[name]?.values ?? [])
            }.max() ?? 0
        let share = Self.difference(score, other.score)
        guard !isScoreExpected || share <= Self.refitTolerance else {
            throw GoldenDifference(words: Self.words("the score", share, Self.refitTolerance))
        }
        return (largest, share)
    }

    private static func difference(_ expected: Float, _ got: Float) -> Float {
        abs(got - expected) / max(abs(expected), 1)
    }

    /// Not a number when one of them is none, which is no agreement.
    private static func difference(_ expected: [Float], _ got: [Float]) -> Float {
        var (difference, whole) = (0.0, 0.0)
        for (one, another) in zip(expected, got) {
            difference += Double(one - another) * Double(one - another)
            whole += Double(one) * Double(one)
        }
        return difference == 0 ? 0 : Float((difference / whole).squareRoot())
    }

    private static func words(_ what: String, _ share: Float, _ tolerance: Float = tolerance) -> String {
        "\(what) differ by \(100 * share) %, expected at most \(100 * tolerance) %"
    }
}

/// How a golden picture does not reproduce, in words.
package struct GoldenDifference: Error, Equatable, Sendable {
    package let words: String
}

extension FittedModel {
    /// The model with a golden picture. Costs three forward passes.
    ///
    /// - Parameter extractors: that it was fitted with.
    /// - Throws: `deadFeatures`.
    package func withGolden(
        by extractors: ExtractorSource, parallelism: Parallelism = .serial
    ) throws(FitError) -> FittedModel {
        var model = self
        model.golden = try Golden(of: self, extractors.extractor(inputSize: backbone.inputSize), parallelism)
        return model
    }

    /// How what an extractor computes differs from what the model was fitted with, in words; nil = it does not, as far as can be told:
    /// a model of before there were golden pictures has nothing to compare with, and gets nothing, for that would make the wrong
    /// weights the right ones. Its features have to be such as a trained network computes.
    ///
    /// - Parameter extractor: as ``backbone`` says.
    package func difference(from extractor: FeatureExtractor, parallelism: Parallelism = .serial) -> String? {
        guard let golden else { return deadness(of: extractor).map { "the backbone says \($0)" } }
        guard let found = Golden(of: golden.picture, self, extractor, parallelism) else {
            return "the backbone has other layers"
        }
        return golden.difference(of: found)
    }

    /// How the features of another model of the same backbone differ, in words, which no fit can make them; nil = they do not,
    /// or cannot be compared.
    package func difference(from other: FittedModel) -> String? {
        guard seesAlike(other), let golden, let theirs = other.golden, golden.picture == theirs.picture else {
            return nil
        }
        return golden.difference(ofFeatures: theirs)
    }

    fileprivate func deadness(of extractor: FeatureExtractor) -> String? {
        let picture = Image.golden
        return featuresOfAnything(picture, by: extractor)
            .deadness(besides: featuresOfAnything(picture.negative, by: extractor))
    }

    /// As ``features(of:by:)``, with all of a picture looked at closely that does not show the part.
    fileprivate func featuresOfAnything(_ picture: Image, by extractor: FeatureExtractor) -> Features {
        var features = features(of: picture, by: extractor)
        guard features.fine == nil else { return features }
        let size = PixelSize(height: picture.height, width: picture.width)
        let whole = fineViews.map { view in
            FineView(
                region: .full(size, .regionOfInterest), grid: view.grid, stages: view.stages,
                leavesOutIgnored: view.leavesOutIgnored)
        }
        features.fine = closely(picture, whole, by: extractor)
        return features
    }
}

// MARK: On disk

extension Golden {
    private static let (pictureName, scoreName, prefix) = ("picture", "score", "features ")

    /// Levels of the picture are whole numbers, which single precision holds.
    var tensors: [String: Tensor] {
        var tensors = [
            Self.pictureName: Tensor(
                shape: [picture.height, picture.width, 3], values: picture.pixels.map(Float.init)),
            Self.scoreName: Tensor(shape: [1], values: [score]),
        ]
        for (name, matrix) in features { tensors[Self.prefix + name] = Tensor(matrix) }
        return tensors
    }

    /// Of the file that ``FittedModel/save(to:)`` writes.
    ///
    /// - Parameter file: the name in messages.
    /// - Throws: `damaged`.
    package init(bytes: [UInt8], file: String) throws(FitError) {
        let tensors: [String: Tensor]
        do throws(WeightsError) {
            tensors = try Safetensors.read(bytes: bytes, file: file).tensors
        } catch {
            throw .damaged(path: file, section: "tensors", expected: "a golden picture", got: "\(error)")
        }
        do throws(DamagedSection) {
            try self.init(tensors)
        } catch {
            throw .damaged(path: file, section: error.section, expected: error.expected, got: error.got)
        }
    }

    init(_ tensors: [String: Tensor]) throws(DamagedSection) {
        guard let picture = tensors[Self.pictureName], picture.shape.count == 3, picture.shape[2] == 3,
            (32...4096).contains(picture.shape[0]), (32...4096).contains(picture.shape[1]),
            picture.values.allSatisfy({ (0...255).contains($0) }),
            let score = tensors[Self.scoreName]?.values, score.count == 1
        else { throw DamagedSection(section: "golden picture", expected: "a picture and its score", got: "none") }
        var features: [String: Matrix] = [:]
        for (name, tensor) in tensors where name.hasPrefix(Self.prefix) && tensor.shape.count == 2 {
            features[String(name.dropFirst(Self.prefix.count))] = Matrix(
                rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values)
        }
        self.init(
            picture: Image(
                height: picture.shape[0], width: picture.shape[1], pixels: picture.values.map { UInt8($0) }),
            features: features, score: score[0])
    }
}
