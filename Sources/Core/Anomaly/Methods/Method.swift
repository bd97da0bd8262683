/// The ways to turn features into scores.
package enum Method: String, Codable, Sendable, CaseIterable {
    /// Several patch memories and the picture's texture, set up by what the shots show.
    case auto
    /// A memory of good patches, freely settable.
    case patchMemory = "patch-memory"
    /// The patch memory with the settings of PatchCore (Roth et al., CVPR 2022, <https://arxiv.org/abs/2106.08265>).
    case patchCore = "patchcore"
    /// The patch memory with the settings of AnomalyDINO (Damm et al., WACV 2025, <https://arxiv.org/abs/2405.14529>).
    case anomalyDINO = "anomalydino"
    /// A Gaussian for each place (Defard et al., ICPR workshops 2021, <https://arxiv.org/abs/2011.08785>).
    case padim
    /// Nearest pictures, then nearest patches (Cohen and Hoshen 2020, <https://arxiv.org/abs/2005.02357>).
    case spade
    /// A patch memory whose distances count as far as a head, trained on the shots and synthetic anomalies made from them, finds
    /// a patch anomalous (CLIP-FSAC++'s trained modules on patches).
    case fsac
    /// CLIP-FSAC++: adapters and the Anomaly Descriptor, trained on the shots and synthetic anomalies made from them (Zuo et al.
    /// 2024).
    case clipFSAC = "clip-fsac"
    /// The picture compared with words for good and bad parts by CLIP as it is (CLIP-AC with WinCLIP's prompt ensemble).
    case clipZeroShot = "clip-zero-shot"
    /// Windows of the picture compared with words and with the shots' windows (Jeong et al., CVPR 2023,
    /// <https://arxiv.org/abs/2303.14814>).
    case winCLIP = "winclip"
    /// Patches of several levels compared with words, through adapters that were trained on other products (Ma et al., CVPR
    /// 2025, <https://arxiv.org/abs/2503.06661>).
    case aaClip = "aa-clip"
}

/// What some methods can be told and others not. The raw value is the key of the configuration.
package enum MethodOption: String, Sendable, CaseIterable {
    case localAveraging = "local_averaging"
    case rotations
    case coresetBudget = "coreset_budget"
    case aggregation
    case foreground
    case dimensions
    case neighbours
    case fitBudget = "fit_budget"
}

extension Method {
    /// What it can be told; the rest is part of what the method is.
    package var options: Set<MethodOption> {
        switch self {
        case .auto: [.rotations, .coresetBudget, .fitBudget]
        case .fsac: [.rotations, .coresetBudget, .fitBudget]
        case .patchMemory: [.localAveraging, .rotations, .coresetBudget, .aggregation, .foreground]
        case .patchCore: [.coresetBudget]
        case .anomalyDINO: [.rotations, .coresetBudget, .foreground]
        case .padim: [.localAveraging, .aggregation, .dimensions]
        case .spade: [.localAveraging, .neighbours]
        case .clipZeroShot, .winCLIP, .aaClip: []
        case .clipFSAC: [.rotations]
        }
    }

    /// Whether it compares pictures with texts, and so needs a backbone that reads.
    var needsText: Bool { self == .clipZeroShot || self == .winCLIP || self == .aaClip }

    /// What is wrong with a backbone for it, in words; nil if nothing.
    package func problem(of backbone: String, textLayers: [Int]) -> String? {
        if needsText, textLayers.isEmpty { return "method: expected a CLIP backbone for \(rawValue), got \(backbone)" }
        if self == .aaClip, textLayers.count < 2 {
            return "method: expected a CLIP with adapters (NAME@ADAPTERS) for \(rawValue), got \(backbone)"
        }
        // Adapted towers have no windows.
        if self == .winCLIP, textLayers.count > 1 {
            return "method: expected a CLIP without adapters for \(rawValue), got \(backbone)"
        }
        return nil
    }

    /// The prompts of its paper.
    package var prompts: PromptEnsemble { self == .aaClip ? .aaClip : PromptEnsemble() }

    /// Whether it judges the picture by the embedding of the whole of it.
    var needsEmbedding: Bool { needsText || self == .clipFSAC }

    /// Whether texts are made use of where the backbone reads.
    package var usesText: Bool { needsEmbedding || self == .auto }

    /// The layers that it compares when none are asked for.
    ///
    /// - Parameters:
    ///   - defaults: the backbone's.
    ///   - text: of the backbone, those in the space of the texts; none when it does not read.
    func layers(default defaults: [Int], text: [Int]) -> [Int] {
        guard let last = text.last, let first = text.first else { return defaults }
        switch self {
        case .clipZeroShot, .clipFSAC: return [last]
        case .aaClip: return text
        // The last block but one; the last one is `first - 1`.
        case .winCLIP: return [max(first - 2, 1)]
        default: return defaults
        }
    }
}
