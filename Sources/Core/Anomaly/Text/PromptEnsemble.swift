internal import Foundation

/// The sentences that say what a normal and what an abnormal part look like: every state in every template (WinCLIP, Jeong et
/// al., CVPR 2023, appendix: the compositional prompt ensemble).
package struct PromptEnsemble: Codable, Sendable, Equatable {
    /// States of a good part, with `{}` where its name goes: `flawless {}`.
    package var normal: [String]
    /// States of a bad part.
    package var abnormal: [String]
    /// Sentences with `{}` where a state goes.
    package var templates: [String]

    package init(
        normal: [String] = Self.normalStates, abnormal: [String] = Self.abnormalStates,
        templates: [String] = Self.photoTemplates
    ) {
        self.normal = normal
        self.abnormal = abnormal
        self.templates = templates
    }

    package static let normalStates = [
        "{}", "flawless {}", "perfect {}", "unblemished {}", "{} without flaw", "{} without defect",
        "{} without damage",
    ]
    package static let abnormalStates = ["damaged {}", "{} with flaw", "{} with defect", "{} with damage"]
    package static let photoTemplates = [
        "a cropped photo of the {}.", "a cropped photo of a {}.", "a close-up photo of a {}.",
        "a close-up photo of the {}.",
        "a bright photo of a {}.", "a bright photo of the {}.", "a dark photo of the {}.", "a dark photo of a {}.",
        "a jpeg corrupted photo of a {}.", "a jpeg corrupted photo of the {}.", "a blurry photo of the {}.",
        "a blurry photo of a {}.", "a photo of a {}.", "a photo of the {}.", "a photo of a small {}.",
        "a photo of the small {}.", "a photo of a large {}.", "a photo of the large {}.",
        "a photo of the {} for visual inspection.", "a photo of a {} for visual inspection.",
        "a photo of the {} for anomaly detection.", "a photo of a {} for anomaly detection.",
    ]

    /// The templates of each state, one state after the other.
    ///
    /// - Parameter object: goes where the states have `{}`.
    func sentences(_ states: [String], object: String) -> [String] {
        states.flatMap { state in
            let named = Self.filled(state, with: object)
            return templates.map { Self.filled($0, with: named) }
        }
    }

    private static func filled(_ pattern: String, with text: String) -> String {
        guard let place = pattern.range(of: placeholder) else { return pattern }
        return pattern.replacingCharacters(in: place, with: text)
    }

    private static let placeholder = "{}"

    /// Whether there is one place to fill.
    package static func isPattern(_ text: String) -> Bool {
        text.count <= 200 && text.components(separatedBy: placeholder).count == 2
    }

    /// What is wrong with it, in words; nil if nothing.
    package var problem: String? {
        for (name, patterns) in [("normal", normal), ("abnormal", abnormal), ("templates", templates)] {
            guard (1...1000).contains(patterns.count) else {
                return "prompts: \(name): expected 1 to 1000 texts, got \(patterns.count)"
            }
            for pattern in patterns where !Self.isPattern(pattern) {
                return
                    "prompts: \(name): expected one {} in each of at most 200 characters, got \"\(pattern.prefix(210))\""
            }
            for case (let expected, let got)? in patterns.map(PromptText.problem) {
                return "prompts: \(name): expected \(expected), got \(got)"
            }
        }
        return nil
    }
}

/// What is said of good and bad parts, for methods that read.
package struct Wording: Codable, Sendable, Equatable {
    /// What the part is called: `metal bottle cap`.
    package var object: String
    package var prompts: PromptEnsemble

    package init(object: String = "object", prompts: PromptEnsemble = PromptEnsemble()) {
        self.object = object
        self.prompts = prompts
    }

    /// Of both kinds.
    package var sentences: (normal: [String], abnormal: [String]) {
        (prompts.sentences(prompts.normal, object: object), prompts.sentences(prompts.abnormal, object: object))
    }

    /// What is wrong with it, in words; nil if nothing.
    var problem: String? {
        if !(1...100).contains(object.count) { return "object: expected 1 to 100 characters, got \(object.count)" }
        if let (expected, got) = PromptText.problem(in: object) { return "object: expected \(expected), got \(got)" }
        return prompts.problem
    }
}
