/// What parts of the line taught a model, part by part; kept with the model.
package struct Lesson: Codable, Sendable, Equatable {
    package enum Fate: String, Codable, Sendable {
        /// Its patches are remembered.
        case learnt
        /// More unusual than most: not remembered, and one of those that the limit rests on.
        case leftOut = "left_out"
        /// So unlike the others that it is most likely no good part.
        case odd
        /// Another picture of a part that is there already: neither remembered nor counted.
        case again
    }

    package struct Part: Codable, Sendable, Equatable {
        /// Of its verdict.
        package let number: UInt64
        package let fate: Fate
        /// By the model as it was, in its unit.
        package let before: Float
        /// By the taught model, which knows nothing of the part itself, in its own unit; nil of one that came again.
        package let after: Float?
    }

    /// In the order of their numbers.
    package let parts: [Part]

    /// Parts that are remembered.
    package var learnt: Int { parts.count { $0.fate == .learnt } }
    /// Parts that the limit rests on.
    package var counted: Int { parts.count { $0.fate != .again } }

    /// For a person, beside what the fit chose.
    var line: String {
        let others = [(Fate.leftOut, "left out"), (.odd, "odd"), (.again, "seen again")].compactMap { fate, words in
            let count = parts.count { $0.fate == fate }
            return count == 0 ? nil : "\(count) \(words)"
        }
        return "taught by \(parts.count) parts of the line: \(learnt) learnt"
            + (others.isEmpty ? "" : ", " + others.joined(separator: ", "))
    }

    /// What no teaching writes; nil when nothing is wrong.
    var problem: String? {
        guard (1...StreamLimits.parts).contains(parts.count), learnt > 0 else { return "\(parts.count) parts" }
        return parts.allSatisfy { $0.before.isFinite && $0.after?.isFinite ?? true } ? nil : "scores that are none"
    }
}

/// How many parts of the line are kept and learnt from.
package enum StreamLimits {
    /// At most.
    package static let parts = 50
    /// Fewer teach nothing: the spread of good parts is told by them. 20 to 30 were measured (docs/accuracy.md).
    package static let fewest = 10
    /// Of the files of one recipe's parts together.
    package static let bytes = 100 << 20
}

/// Why parts do not teach a model; it stays as it is.
package enum TeachingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A method that remembers no patches.
    case method(String)
    /// Of these, so many are different parts.
    case tooFew(parts: Int, different: Int)
    /// Features of another generation, backbone or size.
    case otherFeatures(number: UInt64)
    /// Parts of two kinds: those named are like one another, or like nothing, and unlike the rest.
    case severalKinds(odd: [UInt64], of: Int)
    case notFinite
    case cancelled

    package var description: String {
        switch self {
        case .method(let name):
            "teach: expected method \"auto\", got \"\(name)\": it cannot be taught by parts of the line: add them as normal "
                + "shots with `fsacctl add-normal`"
        case .tooFew(let parts, let different):
            "teach: expected at least \(StreamLimits.fewest) different parts, got \(different)"
                + (different < parts
                    ? " in \(parts) pictures: the others show one of them again, or there are several kinds" : "")
                + ": let the line run on"
        case .otherFeatures(let number):
            "teach: part \(number) was seen with another backbone or input size: collect parts anew"
        case .severalKinds(let odd, let count):
            "teach: expected parts of one kind, got \(odd.count) of \(count) that are unlike the others ("
                + odd.prefix(10).map(String.init).joined(separator: ", ") + (odd.count > 10 ? ", ..." : "")
                + "): look at them: if they are bad, run good parts and collect anew; if they are good, add one of them "
                + "with `fsacctl add-normal`"
        case .notFinite: "teach: expected finite scores, got others: collect parts anew"
        case .cancelled: "teach: cancelled"
        }
    }
}
