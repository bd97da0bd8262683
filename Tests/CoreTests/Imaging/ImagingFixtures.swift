import Core
import Foundation

/// The files that Tools/make_imaging_fixtures.py made.
enum ImagingFixtures {
    static func bytes(_ name: String) throws -> [UInt8] {
        let folder = try folder()
        return [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    /// Names of the pictures in a folder, sorted.
    static func pictures(in name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder().appending(path: name).path)
            .filter { name in [".jpg", ".png", ".bmp", ".tif"].contains { name.hasSuffix($0) } }
            .sorted()
            .map { "\(name)/\($0)" }
    }

    private static func folder() throws -> URL {
        guard let resources = Bundle.module.resourceURL else { throw CocoaError(.fileNoSuchFile) }
        return resources.appending(path: "Fixtures/imaging")
    }
}

/// A picture of seeded noise.
func noise(height: Int, width: Int, seed: UInt64) -> Image {
    var generator = SplitMix64(seed: seed)
    return Image(
        height: height, width: width,
        pixels: (0..<height * width * 3).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
}

/// The largest difference between two pictures of one size, in grey levels.
func largestDifference(_ a: Image, _ b: Image) -> Int {
    guard a.height == b.height, a.width == b.width else { return .max }
    return zip(a.pixels, b.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
}

extension Image {
    func pixel(_ row: Int, _ column: Int) -> [UInt8] {
        Array(pixels[(row * width + column) * 3..<(row * width + column) * 3 + 3])
    }
}
