import Core
import Foundation
import Testing

/// What `Tools/make_anomaly_fixtures.py` wrote.
func anomalyFixture<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/anomaly/\(name).json", ofType: nil))
    return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: path)))
}

/// Whether two lists agree within `absolute + relative * |expected|`.
func agree(_ got: [Float], _ expected: [Float], absolute: Float = 1e-5, relative: Float = 1e-5) -> Bool {
    got.count == expected.count && zip(got, expected).allSatisfy { abs($0 - $1) <= absolute + relative * abs($1) }
}

extension Matrix {
    /// Uniform numbers in `-1 ..< 1`.
    static func random(rows: Int, columns: Int, using seed: inout SplitMix64) -> Matrix {
        Matrix(
            rows: rows, columns: columns,
            values: (0..<rows * columns).map { _ in Float.random(in: -1..<1, using: &seed) })
    }
}

/// Pictures of a made-up product: a wavy texture with its own noise.
enum MadeUpPart {
    /// A good part; `number` says which.
    static func picture(_ number: Int, height: Int = 40, width: Int = 56) -> Image {
        var seed = SplitMix64(seed: UInt64(number))
        let phase = Float.random(in: 0..<1, using: &seed)
        var pixels: [UInt8] = []
        for row in 0..<height {
            for column in 0..<width {
                let wave = 120 + 60 * sin(Float(row) * 0.5 + phase) + 40 * cos(Float(column) * 0.3)
                for shade in [1, 0.8, 0.5] as [Float] {
                    pixels.append(UInt8(min(max(wave * shade + Float.random(in: -12..<12, using: &seed), 0), 255)))
                }
            }
        }
        return Image(height: height, width: width, pixels: pixels)
    }

    static func shot(_ number: Int) throws -> Shot { try shot(number, area: .wholeFrame) }

    static func shot(_ number: Int, area: InspectionArea) throws -> Shot {
        let image = picture(number)
        let picture = Picture(
            .raw(.rgb24, height: image.height, width: image.width, bytesPerRow: image.width * 3), bytes: image.pixels)
        return try Shot(sha256: "shot-\(number)", picture: picture, area: area)
    }

    /// The same part with a bright green square at row 16, column 24.
    static func defective(_ number: Int, side: Int = 8) -> Image {
        var image = picture(number)
        for row in 16..<16 + side {
            for column in 24..<24 + side {
                let start = (row * image.width + column) * 3
                image.pixels.replaceSubrange(start..<start + 3, with: [0, 255, 60])
            }
        }
        return image
    }
}

extension Core.Method {
    /// With options of its own.
    func with(_ change: (inout Self) -> Void) -> Self {
        var method = self
        change(&method)
        return method
    }
}

extension MethodSettings {
    /// Of a patch memory.
    static func memory(
        layers: [Int], rotations: Int = 8, coresetBudget: Int = 4096, area: InspectionArea = .wholeFrame
    ) -> Self {
        let method = PatchMemoryMethod().with {
            $0.rotations = rotations
            $0.memory.coresetBudget = coresetBudget
        }
        return Self(method: method, layers: layers, area: area)
    }
}

extension FittedModel {
    /// How many patches it remembers; nil when it has no memory.
    var memoryRows: Int? { (scorer as? PatchMemory)?.bank.rows.rows }
}

/// A backbone that is small enough to see through: layer 1 has the mean and spread of each colour in 5 x 7 patches, layer 2
/// the means in 3 x 3 patches.
func madeUpExtractor() -> FeatureExtractor {
    let identity = BackboneIdentity(name: "made-up", sha256: "0123", inputSize: 32)
    return FeatureExtractor(identity: identity, layerCount: 2) { image, request, _ in
        let fine = statistics(of: image, PatchGrid(rows: 5, columns: 7), withSpread: true)
        let coarse = statistics(of: image, PatchGrid(rows: 3, columns: 3), withSpread: false)
        let maps = [1: fine, 2: coarse].filter { request.layers.contains($0.key) }
        return Features(layers: maps)
    }
}

/// As ``madeUpExtractor()``, and the mean of layer 1 is the picture's embedding, over a window the window's.
func madeUpReader() -> FeatureExtractor {
    let base = madeUpExtractor()
    return FeatureExtractor(identity: base.identity, layerCount: 2) { image, request, gradient in
        let layers = base.features(of: image, FeatureRequest(layers: [1, 2])).layers
        guard let fine = layers[1] else { preconditionFailure("made-up: no layer 1") }
        func mean(_ rows: [Int]) -> [Float] {
            (0..<fine.tokens.columns).map { column in
                rows.reduce(Float(0)) { $0 + fine.tokens[$1, column] } / Float(rows.count)
            }
        }
        let embedding = mean(Array(0..<fine.grid.count))
        var windows: [Int: FeatureMap] = [:]
        for side in request.windows {
            let grid = PatchGrid(rows: fine.grid.rows - side + 1, columns: fine.grid.columns - side + 1)
            let values = (0..<grid.count).flatMap { place in
                mean(
                    (0..<side * side).map { patch in
                        (place / grid.columns + patch / side) * fine.grid.columns + place % grid.columns + patch % side
                    })
            }
            windows[side] = FeatureMap(grid: grid, tokens: Matrix(rows: grid.count, columns: 6, values: values))
        }
        let saliency = gradient.map { gradient in
            let slopes = gradient(embedding)
            return Matrix(
                rows: 32, columns: 32, values: (0..<1024).map { abs(slopes[$0 % 6]) * Float(1 + $0 / 32 % 5) })
        }
        return Features(
            classToken: request.finalTokens ? embedding : nil,
            layers: layers.filter { request.layers.contains($0.key) }, windows: windows, saliency: saliency)
    }
}

func statistics(of image: Image, _ grid: PatchGrid, withSpread: Bool) -> FeatureMap {
    var rows: [Float] = []
    for patch in 0..<grid.count {
        let (row, column) = (patch / grid.columns, patch % grid.columns)
        for channel in 0..<3 {
            var (sum, squares, count) = (Float(0), Float(0), Float(0))
            for y in row * image.height / grid.rows..<(row + 1) * image.height / grid.rows {
                for x in column * image.width / grid.columns..<(column + 1) * image.width / grid.columns {
                    let value = Float(image.pixels[(y * image.width + x) * 3 + channel]) / 255
                    (sum, squares, count) = (sum + value, squares + value * value, count + 1)
                }
            }
            rows.append(sum / count)
            if withSpread { rows.append(max(squares / count - sum * sum / (count * count), 0).squareRoot()) }
        }
    }
    return FeatureMap(grid: grid, tokens: Matrix(rows: grid.count, columns: rows.count / grid.count, values: rows))
}

/// What `auto` makes of shots that have nothing but a number, and these features.
func fittedModel(
    of numbers: [Int], _ features: @escaping @Sendable (_ number: Int) -> PatchFeatures
) throws -> FittedModel {
    let identity = BackboneIdentity(name: "numbered", sha256: "0123", inputSize: 32)
    let extractor = FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
        let features = features(Int(image.pixels[0]))
        return Features(layers: [1: FeatureMap(grid: features.grid, tokens: features.rows)])
    }
    let shots = try numbers.map { number in
        let pixels = [UInt8](repeating: UInt8(number), count: 32 * 32 * 3)
        return try Shot(
            sha256: "\(number)",
            picture: Picture(.raw(.rgb24, height: 32, width: 32, bytesPerRow: 32 * 3), bytes: pixels))
    }
    return try FittedModel.fit(
        shots: shots, extractor: extractor,
        settings: MethodSettings(method: AutoMethod().with { $0.rotations = 1 }, layers: [1]),
        makesAnomalies: false)
}
