import Core
import Foundation
import Testing

/// What `Tools/make_geometry_fixtures.py` wrote: drawn pictures, and what the reference finds in them.
struct GeometryFixtures: Decodable {
    struct Region: Decodable {
        let shots: Int
        let mode: String
        /// `[x, y]`.
        let low: [Double]
        let high: [Double]
    }

    struct Pose: Decodable {
        /// `[x, y]`; `along`, too.
        let origin: [Double]
        let along: [Double]
        let elongation: Double
        /// `[[low along, low across], [high along, high across]]`.
        let extent: [[Double]]
    }

    let regions: [String: Region]
    /// By the picture's name.
    let poses: [String: Pose]
    /// `[width, height, area, rows, columns]`.
    let grids: [[Double]]

    static func read() throws -> GeometryFixtures {
        let path = try folder().appending(path: "geometry.json")
        return try JSONDecoder().decode(GeometryFixtures.self, from: Data(contentsOf: path))
    }

    static func picture(_ name: String) throws -> Image {
        try Image(decoding: [UInt8](Data(contentsOf: folder().appending(path: name + ".png"))))
    }

    /// The white cells of a mask; nil where the reference found none.
    static func mask(of picture: String, level: Float) throws -> Image? {
        let path = try folder().appending(path: "\(picture).\(level).png").path
        return FileManager.default.fileExists(atPath: path) ? try self.picture("\(picture).\(level)") : nil
    }

    static func shots(of set: String, _ region: Region) throws -> [Image] {
        try (1...region.shots).map { try picture("\(set)-shot-\($0)") }
    }

    /// All drawn pictures: names of one point, that of the ending.
    static func pictures() throws -> [String] { try names { !$0.contains(".") } }

    /// `PICTURE.HEIGHTxWIDTH-TURN`
    static func cuts() throws -> [String] { try names { $0.contains(/\.\d+x\d+-\d+$/) } }

    private static func names(_ isWanted: (String) -> Bool) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder().path).filter { $0.hasSuffix(".png") }
            .map { String($0.dropLast(4)) }.filter(isWanted).sorted()
    }

    private static func folder() throws -> URL {
        guard let resources = Bundle.module.resourceURL else { throw CocoaError(.fileNoSuchFile) }
        return resources.appending(path: "Fixtures/geometry")
    }
}

/// Pictures of one colour with rectangles of other colours.
struct DrawnPicture {
    private(set) var image: Image

    init(height: Int, width: Int, grey: UInt8 = 90) {
        image = Image(height: height, width: width, pixels: [UInt8](repeating: grey, count: height * width * 3))
    }

    func with(rows: Range<Int>, columns: Range<Int>, grey: UInt8 = 200) -> DrawnPicture {
        drawn(grey) { row, column in rows.contains(row) && columns.contains(column) }
    }

    /// A rod about `(x, y)`, turned anticlockwise, with a head at its far end.
    func withRod(x: Double, y: Double, degrees: Double, length: Double = 80, thickness: Double = 10) -> DrawnPicture {
        let (cosine, sine) = (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
        return drawn(200) { row, column in
            let (dx, dy) = (Double(column) + 0.5 - x, Double(row) + 0.5 - y)
            let (along, across) = (dx * cosine - dy * sine, dx * sine + dy * cosine)
            let isHead = along > length / 2 - 14
            return abs(along) <= length / 2 && abs(across) <= (isHead ? thickness : thickness / 2)
        }
    }

    private func drawn(_ grey: UInt8, _ isInside: (_ row: Int, _ column: Int) -> Bool) -> DrawnPicture {
        var drawn = self
        for row in 0..<image.height {
            for column in 0..<image.width where isInside(row, column) {
                for channel in 0..<3 { drawn.image.pixels[(row * image.width + column) * 3 + channel] = grey }
            }
        }
        return drawn
    }
}

extension Image {
    /// The mean over all values of the difference in grey levels; infinite for pictures of two sizes.
    func meanDifference(_ other: Image) -> Double {
        guard height == other.height, width == other.width else { return .infinity }
        return zip(pixels, other.pixels).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) } / Double(pixels.count)
    }
}
