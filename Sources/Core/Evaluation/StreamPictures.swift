/// Pictures that stand for parts of a running line, from which a model learns after its shots: good ones for the most part, and
/// nobody says which.
package struct StreamPictures: Sendable, Equatable {
    /// The last of `train/good` that are no shots.
    let good: [String]
    /// Defective test pictures, evenly spaced over all of them or over those of one kind, and no test then.
    let defective: [DataSet.TestPicture]

    var paths: [String] { good + defective.map(\.path) }

    /// - Parameters:
    ///   - count: of all.
    ///   - defects: the share of them that is defective; of a share above 0 at least one.
    ///   - kind: that all defects are of; nil = all there are.
    ///   - shots: pictures that are none of them.
    /// - Throws: `tooFewStreamPictures`.
    init(
        of set: DataSet, count: Int, defects share: Double, kind: String?, besides shots: [String]
    ) throws(DataSetError) {
        let all = set.test.filter { $0.defect != nil && (kind == nil || $0.defect == kind) }
        let wanted = share == 0 ? 0 : min(max(Int((share * Double(count)).rounded()), 1), count)
        let spare = set.train.filter { !shots.contains($0) }
        // One defective picture has to stay as a test.
        guard wanted < all.count, count - wanted <= spare.count else {
            throw .tooFewStreamPictures(
                set: set.name, good: count - wanted, found: spare.count, defective: wanted, foundDefective: all.count)
        }
        good = Array(spare.suffix(count - wanted))
        defective = (0..<wanted).map { all[$0 * all.count / wanted] }
    }
}

extension FewShotProtocol {
    /// The same plans, each with parts of a stream that teach its model.
    ///
    /// - Parameters:
    ///   - count: of the parts.
    ///   - defects: the share of them that is defective; `kind`: that all of those are of, nil = all there are.
    /// - Throws: `tooFewStreamPictures`.
    package static func withStream(
        _ plans: [Plan], of set: DataSet, count: Int, defects: Double, kind: String? = nil
    ) throws(DataSetError) -> [Plan] {
        var taught: [Plan] = []
        for plan in plans {
            var plan = plan
            plan.stream = try StreamPictures(of: set, count: count, defects: defects, kind: kind, besides: plan.paths)
            taught.append(plan)
        }
        return taught
    }

    /// The model that a plan's stream makes of the one of its shots, by features that were kept as the line keeps them. When the
    /// stream is refused, the one of the shots, and a warning.
    func taught(_ model: FittedModel, by stream: StreamPictures, _ plan: Plan, of set: DataSet) throws(EvaluationError)
        -> FittedModel
    {
        let extractor = extractor(inputSize: model.backbone.inputSize)
        var parts: [StreamPart] = []
        for (index, path) in stream.paths.enumerated() {
            let features = try features(ofFile: path, by: model, extractor)
            let score = model.score(features, parallelism: parallelism).imageScore
            if let part = model.streamPart(features, number: UInt64(index + 1), score: score) { parts.append(part) }
        }
        do throws(TeachingError) {
            return try model.taught(by: parts, parallelism: parallelism)
        } catch {
            warn("\(set.name), \(plan.shots) shots, seed \(plan.seed): \(error): measured without the stream")
            return model
        }
    }
}

/// What a stream taught the model of a run.
package struct StreamRun: Sendable, Equatable, Codable {
    /// File names, the defective ones last: part number 1 is the first.
    package let pictures: [String]
    package let defective: Int
    /// Nil when the stream was refused.
    package let lesson: Lesson?

    init(pictures: [String], defective: Int, _ lesson: Lesson?) {
        self.pictures = pictures
        self.defective = defective
        self.lesson = lesson
    }
}
