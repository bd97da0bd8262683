internal import Foundation

/// `model.json`: what a person or another program wants to know of a generation, and what loading needs.
struct ModelDocument: Codable, Equatable {
    struct File: Codable, Equatable {
        let bytes: Int
        let sha256: String
    }

    static let fileName = "model.json"
    static let tensorsName = "model.safetensors"
    static let memoryName = "memory"
    static let currentVersion = 1
    static let methodName = "patch-memory"
    /// Far more than the scores of 1000 shots need.
    private static let maximumBytes = 4 << 20

    let version: Int
    let backbone: BackboneIdentity
    let method: String
    let settings: PatchMemorySettings
    let shots: [String]
    /// Rows of the memory that belong to each shot.
    let shotPatches: [Int]
    let grid: PatchGrid
    let calibration: Calibration
    /// Of the shots, when the area is not the whole frame.
    let frame: PixelSize?
    /// `model.safetensors`.
    let tensors: File

    enum CodingKeys: String, CodingKey {
        case version, backbone, method, settings, shots, grid, calibration, frame
        case shotPatches = "shot_patches"
        case tensors = "model.safetensors"
    }

    init(_ model: FittedModel, tensors: File) {
        version = Self.currentVersion
        backbone = model.backbone
        method = Self.methodName
        settings = model.settings
        shots = model.shots
        shotPatches = model.memory.blocks.map(\.count)
        grid = model.grid
        calibration = model.calibration
        frame = model.frame
        self.tensors = tensors
    }

    /// Equal documents give equal bytes.
    func json() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("model document: a number is not finite")
        }
        return [UInt8](data) + [UInt8(ascii: "\n")]
    }

    static func read(_ path: String) throws(FitError) -> ModelDocument {
        let data = Data(try bytes(path))
        let decoder = JSONDecoder()
        do {
            let version = try decoder.decode(Version.self, from: data).version
            guard version == currentVersion else {
                throw FitError.unsupportedVersion(path: path, found: version, supported: currentVersion)
            }
            return try decoder.decode(ModelDocument.self, from: data)
        } catch let error as FitError {
            throw error
        } catch {
            throw .damaged(path: path, part: "contents", expected: "a model document", got: Self.reason(error))
        }
    }

    private struct Version: Decodable {
        let version: Int
    }

    private static func bytes(_ path: String) throws(FitError) -> [UInt8] {
        do throws(WeightsError) {
            var input = try WeightsInput(path: path)
            if input.size <= maximumBytes { return try input.bytes(input.size, part: "document") }
        } catch .unreadable(_, let reason) {
            throw .unreadable(path: path, reason: reason)
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
        throw .damaged(path: path, part: "size", expected: "at most \(maximumBytes) bytes", got: "more")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "no `\(key.stringValue)`"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "another type at `\(context.codingPath.map(\.stringValue).joined(separator: "."))`"
        case DecodingError.dataCorrupted(let context): context.debugDescription
        default: "\(error)"
        }
    }

    /// The model, when the parts make one.
    func model(memory tensor: Tensor?, path: String) throws(FitError) -> FittedModel {
        if let (part, problem) = problem() {
            throw .damaged(path: path, part: part, expected: "what a fit writes", got: problem)
        }
        guard let tensor, tensor.shape.count == 2, tensor.shape[0] == shotPatches.reduce(0, +), tensor.shape[1] > 0
        else {
            throw .damaged(
                path: path, part: Self.memoryName, expected: "[\(shotPatches.reduce(0, +)), D]",
                got: tensor.map { "\($0.shape)" } ?? "none")
        }
        var blocks: [Range<Int>] = []
        for count in shotPatches {
            let first = blocks.last?.upperBound ?? 0
            blocks.append(first..<first + count)
        }
        let rows = Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values)
        return FittedModel(
            backbone: backbone, settings: settings, shots: shots, grid: grid,
            memory: MemoryBank(rows: rows, blocks: blocks), calibration: calibration, frame: frame)
    }

    private func frameProblem() -> String? {
        guard settings.area != .wholeFrame else { return nil }
        guard let frame else { return "none, with an area" }
        // As for the grid: what an area is in must be a picture that could be.
        let sides = 1...(1 << 16)
        guard sides.contains(frame.height), sides.contains(frame.width),
            settings.area.rectangle(in: frame).lies(inHeight: frame.height, width: frame.width)
        else { return "\(frame.width) x \(frame.height) pixels, with a \(settings.area.text ?? "region")" }
        guard grid.count <= 1 << 20 else { return "\(grid)" }
        let isEmpty = PatchMask(settings.area, frame: frame, grid: grid).isEmpty
        return isEmpty ? "everything ignored" : nil
    }

    /// What no fit writes, and where; the numbers in a document are not believed.
    private func problem() -> (part: String, got: String)? {
        if method != Self.methodName { return ("method", method) }
        if let problem = settings.problem(layerCount: .max) { return ("settings", problem) }
        // The bounds keep sums and products of these numbers far from overflow.
        let sides = 1...(1 << 20)
        if !sides.contains(grid.rows) || !sides.contains(grid.columns) { return ("grid", "\(grid)") }
        if shots.isEmpty || shots.count > 1 << 20 || shots.count != shotPatches.count {
            return ("shots", "\(shots.count) shots and \(shotPatches.count) numbers of patches")
        }
        if let count = shotPatches.first(where: { !(1...(1 << 30)).contains($0) }) {
            return ("shot_patches", "\(count)")
        }
        if let problem = frameProblem() { return ("frame", problem) }
        if backbone.inputSize < 1 { return ("backbone", "input size \(backbone.inputSize)") }
        return nil
    }
}
