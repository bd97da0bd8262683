import Foundation
import Platform

/// Where the files of a model lie that was not imported: a folder in OpenCLIP's or Hugging Face's layout, or one weight file
/// with the rest beside it.
struct ModelFolder {
    let weights: String
    /// Where configuration and vocabulary are looked for.
    let folder: String

    /// In the order of preference; without any of them, the only weight file that there is.
    private static let names = [
        "open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.bin", "pytorch_model.bin",
    ]
    private static let endings = [".safetensors", ".bin", ".pt", ".pth"]

    /// - Throws: `missingFile` when the folder has no weights, `malformed` when it has several files that could be meant.
    init(_ path: String) throws(WeightsError) {
        guard isDirectory(path) else {
            weights = path
            folder = FilePath.split(path).folder
            return
        }
        folder = path
        if let name = Self.names.first(where: { fileExists(path + "/" + $0) }) {
            weights = path + "/" + name
            return
        }
        // A folder that cannot be listed has no weights to be seen.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let candidates = files.filter { name in
            !name.hasPrefix(".") && Self.endings.contains { name.hasSuffix($0) }
        }
        guard candidates.count < 2 else {
            throw .malformed(
                file: path, section: "folder",
                expected: "one weight file, or one of \(Self.names.joined(separator: ", "))",
                got: candidates.sorted().joined(separator: ", "))
        }
        guard let only = candidates.first else {
            throw .missingFile(file: path, expected: Self.names, reason: "it holds no weights")
        }
        weights = path + "/" + only
    }
}

func fileExists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) && !isDirectory(path) }

func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
}
