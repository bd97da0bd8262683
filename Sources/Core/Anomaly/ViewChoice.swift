/// How a fit measures what a frame will take: Core has no clock of its own.
package struct InspectionStopwatch: Sendable {
    /// Milliseconds that the calling thread computes for, however often others interrupt it.
    let milliseconds: @Sendable (_ body: () -> Void) -> Double
    /// What is measured during a fit takes so much of it on the line, which has other threads.
    let share: Double

    /// Of what one thread more adds: parts of the work are not split. Measured on two.
    private static let gain = 0.8

    /// - Parameters:
    ///   - fit: the threads that are measured; `line`: those that inspection computes with.
    package init(
        threads fit: Int, line: Int, milliseconds: @escaping @Sendable (_ body: () -> Void) -> Double
    ) {
        func speed(_ threads: Int) -> Double { 1 + Self.gain * Double(threads - 1) }
        share = speed(fit) / speed(line)
        self.milliseconds = milliseconds
    }

    /// Of the line, in milliseconds: the best of a few times, for whatever disturbs only takes longer.
    func time(_ body: () -> Void) -> Double {
        // The first time makes what is kept.
        body()
        return share * min(milliseconds(body), milliseconds(body))
    }
}

/// What a frame takes, and what was chosen so that it takes no longer than it may.
package struct InspectionTime: Codable, Sendable, Equatable {
    /// In milliseconds, as were asked for.
    package let budget: Int
    /// In milliseconds on the line: the features and the score of a picture.
    package let frame: Double
    /// Sides of a square of as many pixels as the closest look that would take too long has; nil when nothing was left out.
    let leftOut: [Int]?
    /// Of those that are taken.
    let taken: [Int]

    enum CodingKeys: String, CodingKey {
        case taken
        case budget = "budget_ms"
        case frame = "frame_ms"
        case leftOut = "left_out"
    }

    /// What no fit writes.
    var isWellFormed: Bool { budget > 0 && frame.isFinite && frame >= 0 }

    /// For people.
    var findings: [String] {
        let time = "a frame takes about \(Int(frame.rounded())) ms on this machine, of \(budget) ms (inspect_budget_ms)"
        let isKept = frame <= Double(budget)
        guard let leftOut else {
            return [time + (isKept ? "" : ": more than it may; nothing less is offered")]
        }
        let looks = taken.isEmpty ? "no closer look is taken" : "the closer look has \(Self.text(taken)) pixels"
        return [
            time + ": \(looks), for \(Self.text(leftOut)) would take longer; fewer small defects are found"
                + (isKept ? "" : "; it takes more than it may all the same")
        ]
    }

    private static func text(_ sides: [Int]) -> String {
        sides.map { "\($0) x \($0)" }.joined(separator: " and ")
    }
}

/// The closer looks of a fit, and how they were chosen.
struct ViewChoice {
    let views: [FineView]
    private let areas: [Int]
    /// Areas of the first choice, when that would take too long.
    private let leftOut: [Int]?
    private let budget: Int?
    private let stopwatch: InspectionStopwatch?

    /// Of the time for a picture's features, what its score takes: 0.07 to 0.15 on the machines that were measured.
    private static let score = 0.15

    /// What the method looks at closely, where the backbone can: as closely as the budget for a frame allows.
    ///
    /// - Parameters:
    ///   - frame: the size of the shots.
    ///   - layers: that were asked for; none are all.
    init(
        of shots: [Shot], frame: PixelSize, _ extractor: FeatureExtractor, _ settings: MethodSettings,
        asked layers: [Int], stopwatch: InspectionStopwatch?
    ) throws(FitError) {
        let stages = extractor.fineStages.filter { layers.isEmpty || layers.contains($0.layer) }
        let method = settings.method
        budget = stopwatch == nil ? nil : method.inspectBudgetMs
        self.stopwatch = stopwatch
        guard !method.fineAreas.isEmpty, !stages.isEmpty else {
            (views, areas, leftOut) = ([], [], nil)
            return
        }
        let region = try Self.region(of: shots, extractor, settings)
        func looks(_ areas: [Int]) -> [FineView] {
            areas.map {
                FineView(region: region, area: $0, stages: stages, hasIgnored: !settings.area.ignore.isEmpty)
            }
        }
        var areas = method.fineAreas
        if let budget, let stopwatch {
            for next in method.smallerFineAreas {
                let time = try Self.time(of: looks(areas), shots[0], frame, extractor, settings, stopwatch)
                guard (1 + Self.score) * time > Double(budget) else { break }
                areas = next
            }
        }
        views = looks(areas)
        self.areas = areas
        leftOut = areas == method.fineAreas ? nil : method.fineAreas
    }

    /// What a frame takes by the model that came of it; nil without a budget.
    func time(
        of model: FittedModel, _ shot: Shot, _ extractor: FeatureExtractor, _ parallelism: Parallelism
    ) throws(FitError) -> InspectionTime? {
        guard let budget, let stopwatch else { return nil }
        let image = try Self.image(of: shot, inputSize: model.pictureSide)
        let time = stopwatch.time {
            _ = model.score(model.features(of: image, by: extractor), parallelism: parallelism)
        }
        return InspectionTime(
            budget: budget, frame: time, leftOut: leftOut.map(Self.sides), taken: Self.sides(areas))
    }

    private static func sides(_ areas: [Int]) -> [Int] { areas.map { Int(Double($0).squareRoot().rounded()) } }

    private static func time(
        of views: [FineView], _ shot: Shot, _ frame: PixelSize, _ extractor: FeatureExtractor,
        _ settings: MethodSettings, _ stopwatch: InspectionStopwatch
    ) throws(FitError) -> Double {
        let side = views.map(\.pictureSide).reduce(extractor.identity.inputSize, max)
        let image = try image(of: shot, inputSize: side)
        return stopwatch.time {
            _ = extractor.features(of: image, settings.request)
            _ = extractor.features(of: image, views, in: settings.area, frame: frame)
        }
    }

    private static func region(
        of shots: [Shot], _ extractor: FeatureExtractor, _ settings: MethodSettings
    ) throws(FitError) -> PartRegion {
        func image(_ shot: Int) throws(FitError) -> Image {
            try Self.image(of: shots[shot], inputSize: extractor.identity.inputSize)
        }
        guard settings.area == .wholeFrame else {
            let first = try image(0)
            return .full(PixelSize(height: first.height, width: first.width), .regionOfInterest)
        }
        return try .chosen(from: shots.count, image)
    }

    private static func image(of shot: Shot, inputSize: Int) throws(FitError) -> Image {
        do {
            return try shot.image(inputSize: inputSize)
        } catch {
            throw .shotUnreadable(sha256: shot.sha256, error)
        }
    }
}
