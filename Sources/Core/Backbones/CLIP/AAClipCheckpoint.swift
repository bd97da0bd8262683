/// Adapters as AA-CLIP's code writes them: `image_adapter_<epoch>.pth`, the dictionary `image_adapter` with an optimiser's state
/// beside it, and `text_adapter.pth`, `text_adapter` likewise. Without the second file the text tower is CLIP's own.
public enum AAClipCheckpoint {
    /// Of OpenAI's ViT-L-14-336 as the paper's code runs it: its configuration does not ask for QuickGELU.
    static let activation = CLIPConfiguration.Activation.gelu

    /// - Parameter paths: one or two files, in any order.
    /// - Throws: `malformed` when a file holds no adapters, or both the same; what ``PyTorchCheckpoint/read(path:)`` throws, and
    ///   `missingTensor` or `wrongShape` naming the tensor.
    public static func read(_ paths: [String]) throws(WeightsError) -> AAClipAdapters {
        var tensors: [String: Tensor] = [:]
        for path in paths {
            let archive = try PyTorchCheckpoint.read(path: path)
            let kind = try kind(of: archive)
            guard !tensors.keys.contains(where: { $0.hasPrefix(kind) }) else {
                throw .malformed(
                    file: path, part: "pickle", expected: "adapters of the other tower", got: kind + "* a second time")
            }
            for (name, tensor) in archive.tensors { tensors[kind + name] = tensor }
        }
        return try AAClipAdapters(
            WeightArchive(
                file: paths.joined(separator: ", "), tensors: tensors, ignored: [],
                metadata: [AAClipAdapters.activationKey: activation.rawValue], sha256: ""))
    }

    /// The beginning of the names of its tensors.
    private static func kind(of archive: WeightArchive) throws(WeightsError) -> String {
        if archive.tensors.keys.contains(where: { $0.hasPrefix("seg_proj.") || $0.hasPrefix("det_proj.") }) {
            return "image_adapter."
        }
        if archive.tensors.keys.contains(where: { $0.hasSuffix(".fc.0.weight") }) { return "text_adapter." }
        throw .malformed(
            file: archive.file, part: "pickle", expected: "a dictionary image_adapter or text_adapter",
            got: "\(archive.tensors.count) other tensors")
    }
}
