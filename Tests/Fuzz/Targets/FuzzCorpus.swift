import Core
import Foundation
import Platform

/// Inputs of a target: what was found, and what is well-formed and so leads far into its code.
package struct FuzzCorpus {
    package let inputs: [(name: String, bytes: [UInt8])]

    /// Larger ones tell no more, and slow each run down.
    private static let mostBytes = 1 << 16

    package init(_ target: FuzzTarget) {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "..").standardizedFileURL.path
        var paths = Self.files(in: "\(folder)/corpus/\(target.rawValue)")
        let fixtures = StateFolder.fixtures
        switch target {
        case .configuration: paths.append("\(folder)/../../config.toml.example")
        case .model: paths += Self.files(in: "\(fixtures)/version2").map { "\($0)/model.json" }
        case .safetensors: paths.append("\(fixtures)/weights/mixed.safetensors")
        case .pickle: paths += ["zip.pt", "wrapped.pt", "legacy.pth"].map { "\(fixtures)/weights/\($0)" }
        case .onnx: paths.append("\(fixtures)/weights/tiny.onnx")
        case .picture:
            paths += Self.files(in: "\(fixtures)/imaging/zoo").filter { $0.hasSuffix(".jpg") || $0.hasSuffix(".png") }
        case .request, .segment, .state, .sidecar, .keptPart, .modbus, .recipe: break
        }
        let made =
            switch target {
            case .keptPart: [("made", Array(Self.keptPart.bytes.dropLast(SHA256.byteCount)))]
            case .recipe: [("made", RecipeFiles.made)]
            default: [(String, [UInt8])]()
            }
        inputs =
            made
            + paths.compactMap { path in
                guard let data = FileManager.default.contents(atPath: path), data.count <= Self.mostBytes else {
                    return nil
                }
                return (URL(filePath: path).lastPathComponent, Array(data))
            }
    }

    /// With a fine view.
    private static var keptPart: StreamPart {
        func rows(_ count: Int) -> Matrix {
            Matrix(rows: count, columns: 3, values: (0..<3 * count).map { Float($0 % 7) / 7 })
        }
        var patches = PatchFeatures(
            grid: PatchGrid(rows: 2, columns: 2), rows: rows(4), whole: WholePicture(embedding: [1, 2]))
        let grid = PatchGrid(rows: 2, columns: 3)
        patches.fine = [
            FinePatches(
                grid: grid, stages: [rows(6), rows(6)], mask: PatchMask(all: grid),
                placement: ViewPlacement { x, y in (0.1 + x / 2, 0.2 + y / 2) })
        ]
        return StreamPart(number: 7, score: 1, patches)
    }

    private static func files(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { "\(folder)/\($0)" }
    }
}
