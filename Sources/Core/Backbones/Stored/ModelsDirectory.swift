import Foundation
import Platform

/// The folder of weights and their sidecars.
package struct ModelsDirectory: Sendable, Equatable {
    package let path: String

    package init(path: String) { self.path = path }

    /// `FSAC_MODELS` if it is set, else `models` in the working directory if there is one, else where the package puts
    /// them.
    package static func resolve(environment: [String: String]) -> ModelsDirectory {
        if let path = environment["FSAC_MODELS"], !path.isEmpty { return ModelsDirectory(path: path) }
        var isDirectory: ObjCBool = false
        let isHere =
            FileManager.default.fileExists(atPath: "models", isDirectory: &isDirectory) && isDirectory.boolValue
        return ModelsDirectory(path: isHere ? "models" : "/usr/share/fsac/models")
    }

    /// Makes the folder if it is not there.
    func create() throws(WeightsError) {
        do throws(DiskError) {
            try Disk().createFolder(path, mode: 0o755)
        } catch {
            throw .unwritable(file: error.path, reason: ErrnoText.describe(error.errno))
        }
    }

    package func weightsPath(_ name: String) -> String { path + "/" + name + ".safetensors" }

    package func sidecarPath(_ name: String) -> String { path + "/" + name + ".json" }

    /// The vocabulary of a CLIP.
    package func vocabularyPath(_ name: String) -> String { path + "/" + name + BytePairVocabulary.ending }

    /// Names of the models with a sidecar, sorted; none when the folder is missing.
    package var names: [String] {
        // A folder that cannot be listed holds no model; loading one by name says why.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// What the folder says of a model.
    ///
    /// - Throws: `unknownModel`, and what ``WeightsSidecar/read(path:)`` throws.
    package func sidecar(_ name: String) throws(WeightsError) -> WeightsSidecar {
        guard FileManager.default.fileExists(atPath: sidecarPath(name)) else {
            throw .unknownModel(name: name, directory: path, known: names)
        }
        return try WeightsSidecar.read(path: sidecarPath(name))
    }

    /// A name that is a plain file name in every shell.
    static func check(name: String) throws(WeightsError) {
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard allowed, name.utf8.count <= 100, let first = name.first, first.isLetter || first.isNumber else {
            throw .badName(name)
        }
    }
}
