internal import Foundation
import Platform

/// Text anchors that were computed before, one small file each, named by everything that determines them: the weights and the
/// sentences.
///
/// A file that is missing or damaged is no error: the anchors are computed again.
package struct TextAnchorCache: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// - Parameters:
    ///   - weights: SHA-256 of the backbone's weights.
    ///   - make: computes them where they are not kept yet.
    package func anchors(
        weights: String, _ wording: Wording, make: () throws(WeightsError) -> TextAnchors
    ) throws(WeightsError) -> TextAnchors {
        let sentences = wording.sentences
        let all = [weights] + sentences.normal + [""] + sentences.abnormal
        let path =
            directory + "/" + hexadecimal(SHA256.digest(of: all.joined(separator: "\n").utf8))
            + ".safetensors"
        if let kept = try? TextAnchors(Safetensors.read(path: path).tensors) { return kept }
        let anchors = try make()
        // What cannot be kept is computed again another time.
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        _ = try? Safetensors.write(anchors.tensors, to: path)
        return anchors
    }
}
