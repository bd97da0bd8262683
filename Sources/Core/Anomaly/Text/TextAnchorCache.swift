import Platform

/// Text anchors that were computed before, one small file each, named by everything that determines them: the weights and the
/// sentences.
///
/// A file that is missing or damaged is no error: the anchors are computed again.
package struct TextAnchorCache: Sendable {
    /// Of a file, with the digest of its numbers; one of before it had a digest is made again.
    private static let checksum = "sha256"

    private let folder: CacheFolder

    /// - Parameter capacity: bytes of all files, at most; the longest unused are removed. A file has some 6 KB.
    package init(directory: String, capacity: Int = 4 << 20) {
        folder = CacheFolder(path: directory, ending: ".safetensors", capacity: capacity)
    }

    /// - Parameters:
    ///   - weights: SHA-256 of the backbone's weights.
    ///   - make: computes them where they are not kept yet.
    package func anchors(
        weights: String, _ wording: Wording, make: () throws(WeightsError) -> TextAnchors
    ) throws(WeightsError) -> TextAnchors {
        let sentences = wording.sentences
        let all = [weights] + sentences.normal + [""] + sentences.abnormal
        let path = folder.file(hexadecimal(SHA256.digest(of: all.joined(separator: "\n").utf8)))
        if let archive = try? Safetensors.read(path: path), let kept = try? TextAnchors(archive.tensors),
            archive.metadata[Self.checksum] == kept.sha256
        {
            folder.touch(path)
            return kept
        }
        let anchors = try make()
        // What cannot be kept is computed again another time.
        try? folder.create()
        _ = try? Safetensors.write(anchors.tensors, metadata: [Self.checksum: anchors.sha256], to: path)
        try? folder.makeRoom()
        return anchors
    }
}

extension TextAnchors {
    /// Of its numbers, in lower-case hexadecimal.
    fileprivate var sha256: String {
        (normal + abnormal).withUnsafeBytes { hexadecimal(SHA256.digest(of: $0)) }
    }
}
