/// One way to turn features into scores. All that the rest of the program knows of a method it asks here; a value of it is the
/// method with its options set. ``Methods/all`` names them.
///
/// A conformer may assume that its options lie in their domains, and that what it says it ``needs`` is there. It is a value: used
/// on any thread.
package protocol Method: Sendable, Equatable {
    /// With its defaults.
    init()

    /// What it is, for people.
    static var about: MethodDescription { get }
    /// What it can be told; the rest is what the method is.
    static var options: [MethodOption<Self>] { get }
    /// What its scorers write into `model.json`.
    static var headers: [any ScorerHeader.Type] { get }
    static var needs: MethodNeeds { get }
    /// The prompts of its paper.
    static var prompts: PromptEnsemble { get }

    /// The layers that it compares when none are asked for.
    ///
    /// - Parameters:
    ///   - defaults: the backbone's.
    ///   - text: of the backbone, those in the space of the texts; none when it does not read.
    static func layers(default defaults: [Int], text: [Int]) -> [Int]

    /// Of a backbone that has the text that it needs: which it wants instead, in words; nil when this one will do.
    ///
    /// - Parameter textLayers: see ``BackboneModel/textLayers``.
    static func wantedBackbone(insteadOf textLayers: [Int]) -> String?

    /// Whether a feature is averaged with its neighbours in the 3 x 3 window first (PatchCore, section 3.1, p = 3).
    var localAveraging: Bool { get }

    /// Of each fine view that it takes besides the square input, about how many pixels of a transformer's input.
    var fineAreas: [Int] { get }

    /// What it makes do with, the best first, where ``fineAreas`` would take more than its budget for a frame.
    var smallerFineAreas: [[Int]] { get }

    /// Milliseconds that a frame may take; nil for as many as it needs.
    var inspectBudgetMs: Int? { get }

    /// What a fit computes of the shots.
    func plan(shotCount: Int) -> FitPlan

    /// - Precondition: the options lie in their domains, and there is what the method needs.
    func fit(_ setup: FitSetup) -> any ScorerFit

    /// What a fit keeps of so many shots until it ends, and what is made of it, in bytes; grows with the shots.
    func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int
}

/// What people are told about a method.
package struct MethodDescription: Sendable {
    /// In configurations, on command lines and in documents.
    package let name: String
    /// What it compares with what, in a line.
    package let summary: String
    /// The paper; nil for a method of our own.
    package let reference: String?

    init(name: String, summary: String, reference: String? = nil) {
        self.name = name
        self.summary = summary
        self.reference = reference
    }
}

/// What a method needs besides the features of its layers.
package struct MethodNeeds: Sendable {
    package enum Text: Sendable {
        /// Nothing is read.
        case none
        /// Texts are made use of where the backbone reads.
        case welcome
        /// A backbone that reads.
        case required
    }

    package var text = Text.none
    /// Whether it judges the picture by the embedding of the whole of it.
    package var embedding = false
    /// Sides of the windows whose embeddings it compares, in patches.
    package var windows: [Int] = []
    /// Whether it combines what the backbone suggests: layers and input size are left to the fit.
    package var stages = false
}

/// What a fit begins with.
package struct FitSetup: Sendable {
    package let shotCount: Int
    /// As they are joined in the features.
    package let layers: [Int]
    /// What a method that needs stages combines; of `layers`.
    package let stages: [FeatureStage]
    let fineViews: [FineView]
    /// Of what is said; nil when the backbone does not read, or nothing is said.
    package let anchors: TextAnchors?

    package init(
        shotCount: Int, layers: [Int] = [], stages: [FeatureStage] = [], fineViews: [FineView] = [],
        anchors: TextAnchors? = nil
    ) {
        self.shotCount = shotCount
        self.layers = layers
        self.stages = stages
        self.fineViews = fineViews
        self.anchors = anchors
    }

    /// Of a method that cannot do without.
    var requiredAnchors: TextAnchors {
        guard let anchors else { preconditionFailure("fit: a method that reads, and no texts") }
        return anchors
    }
}

extension Method {
    package static var options: [MethodOption<Self>] { [] }
    package static var needs: MethodNeeds { MethodNeeds() }
    package static var prompts: PromptEnsemble { PromptEnsemble() }
    package static func layers(default defaults: [Int], text: [Int]) -> [Int] { defaults }
    package static func wantedBackbone(insteadOf textLayers: [Int]) -> String? { nil }
    package var localAveraging: Bool { false }
    package var fineAreas: [Int] { [] }
    package var smallerFineAreas: [[Int]] { [] }
    package var inspectBudgetMs: Int? { nil }
    package func plan(shotCount: Int) -> FitPlan { FitPlan() }

    /// All features, and as much again in what is made of them.
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int { 2 * count * shape.bytes }
}

extension Method {
    package static var name: String { about.name }

    /// What is wrong with a backbone for it, in words; nil if nothing.
    package static func problem(of backbone: String, textLayers: [Int]) -> String? {
        let wanted =
            needs.text == .required && textLayers.isEmpty ? "a CLIP backbone" : wantedBackbone(insteadOf: textLayers)
        return wanted.map { "method: expected \($0) for \(name), got \(backbone)" }
    }

    // Of values whose type is not known:
    package var name: String { Self.name }
    package var needs: MethodNeeds { Self.needs }
    package var prompts: PromptEnsemble { Self.prompts }
    package var definition: any Method.Type { Self.self }
}
