// N pictures, C width of their embeddings.

/// Tells anomalous pictures from normal ones by their embeddings: the trained modules of CLIP-FSAC++.
///
/// CLIP's embeddings go in unnormalised, as in the released code. That has unnormalised text embeddings, too; here the texts are
/// means of unit vectors, as in WinCLIP, so they get the root mean square norm of the shots' embeddings, which is about what CLIP's
/// texts have.
///
/// - SeeAlso: Zuo et al., "CLIP-FSAC++: Few-shot anomaly classification with anomaly descriptor based on CLIP", 2024.
package struct CLIPFSACHead: Sendable {
    let model: FSACModel
    package let settings: CLIPFSACSettings

    init(_ model: FSACModel, _ settings: CLIPFSACSettings) {
        self.model = model
        self.settings = settings
    }

    /// C.
    package var width: Int { model.width }

    /// The logarithm of `AS / (1 - AS)`, within `±2 / tau`, with `AS = S- / (S- + S+)` (eq. 14 to 16) of each picture by itself. It does
    /// not lose its digits where `AS` is near 0 or 1.
    ///
    /// - Parameter embeddings: `[N, C]`, as the backbone gives them.
    package func margins(of embeddings: Matrix, _ parallelism: Parallelism = .serial) -> [Float] {
        model.margins(of: embeddings, parallelism)
    }

    /// The derivatives of an embedding's margin by the embedding, `[C]`.
    package func marginGradient(at embedding: [Float], _ parallelism: Parallelism = .serial) -> [Float] {
        model.marginGradient(at: embedding, parallelism)
    }
}

// MARK: Storage

extension CLIPFSACHead {
    /// All that was learnt, by name: `settings` and these make the same head.
    package var tensors: [String: Tensor] { model.tensors }

    /// - Throws: `DamagedSection`: a tensor is missing or has another shape than `settings` say.
    package init(settings: CLIPFSACSettings, tensors: [String: Tensor]) throws(DamagedSection) {
        if let problem = settings.problem {
            throw DamagedSection(section: "clip_fsac", expected: "settings that a fit writes", got: problem)
        }
        self.init(try FSACModel(tensors: tensors, form: settings.form), settings)
    }
}
