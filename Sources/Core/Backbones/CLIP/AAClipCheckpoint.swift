/// Adapters as AA-CLIP's code writes them: `image_adapter_<epoch>.pth`, the dictionary `image_adapter` with an optimiser's state
/// beside it, and `text_adapter.pth`, `text_adapter` likewise. Without the second file the text tower is CLIP's own.
package enum AAClipCheckpoint {
    /// - Parameter paths: one or two files, in any order.
    /// - Throws: `malformed` when a file holds no adapters, or both the same; what ``PyTorchCheckpoint/read(path:)`` throws, and
    ///   `missingTensor` or `wrongShape` naming the tensor.
    package static func read(_ paths: [String]) throws(WeightsError) -> AAClipAdapters {
        var tensors: [String: Tensor] = [:]
        for path in paths {
            let archive = try WeightFile.open(path: path).archive()
            let kind = try kind(of: archive)
            guard !tensors.keys.contains(where: { $0.hasPrefix(kind) }) else {
                throw .malformed(
                    file: path, section: "pickle", expected: "adapters of the other tower",
                    got: kind + "* a second time")
            }
            for (name, tensor) in archive.tensors { tensors[kind + name] = tensor }
        }
        return try AAClipAdapters(
            WeightArchive(
                file: paths.joined(separator: ", "), tensors: tensors, ignored: [],
                metadata: AAClipAdapters.Training.paper.metadata, sha256: ""))
    }

    /// Whether files hold nothing but adapters, as far as their tensors' names tell.
    package static func holds(_ paths: [String]) -> Bool {
        paths.allSatisfy { path in
            // What cannot be read is another importer's to explain.
            guard let names = try? WeightFile.open(path: path).tensors.keys, !names.isEmpty else { return false }
            return names.allSatisfy { name in
                name.hasPrefix("layer_adapters.") || name.hasPrefix("seg_proj.") || name.hasPrefix("det_proj.")
                    || name.first?.isNumber == true && name.hasSuffix(".fc.0.weight")
            }
        }
    }

    /// Converts one or two files into a models directory.
    ///
    /// - Throws: what ``read(_:)`` and ``AAClipAdapters/write(name:source:sourceSHA256:licence:to:)`` throw.
    package static func importing(
        _ paths: [String], name: String, source: String, licence: String, into directory: ModelsDirectory
    ) throws(WeightsError) -> WeightsImport.Outcome {
        let adapters = try read(paths)
        let digest = try paths.first.map { path throws(WeightsError) in try WeightBytes(path: path).sha256() }
        return try adapters.write(
            name: name, source: source, sourceSHA256: digest, licence: licence, to: directory)
    }

    /// The beginning of the names of its tensors.
    private static func kind(of archive: WeightArchive) throws(WeightsError) -> String {
        if archive.tensors.keys.contains(where: { $0.hasPrefix("seg_proj.") || $0.hasPrefix("det_proj.") }) {
            return "image_adapter."
        }
        if archive.tensors.keys.contains(where: { $0.hasSuffix(".fc.0.weight") }) { return "text_adapter." }
        throw .malformed(
            file: archive.file, section: "pickle", expected: "a dictionary image_adapter or text_adapter",
            got: "\(archive.tensors.count) other tensors")
    }
}
