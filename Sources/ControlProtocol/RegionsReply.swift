/// Where in the picture the NG of a camera and recipe are most unusual: how many in each field of the inspected region.
package struct RegionsReply: Codable, Sendable, Equatable {
    package static let (columns, rows) = (8, 6)

    /// In pixels of the picture.
    package struct Area: Codable, Sendable, Equatable {
        package var x: Int
        package var y: Int
        package var width: Int
        package var height: Int

        package init(x: Int, y: Int, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    package var camera: String
    package var recipe: String
    /// What is inspected now.
    package var area: Area
    /// Of the middle of each NG's region with the highest peak; row by row, from the upper left.
    package var counts: [[Int]]
    /// NG whose place is not in the area any more.
    package var outside: Int

    package init(camera: String, recipe: String, area: Area, counts: [[Int]], outside: Int) {
        self.camera = camera
        self.recipe = recipe
        self.area = area
        self.counts = counts
        self.outside = outside
    }

    /// Fields with an NG, those with most first: named as on a chess board with its first row at the top (`C2`).
    package var fields: [(name: String, count: Int)] {
        let letters = Array("ABCDEFGH")
        let fields = counts.enumerated().flatMap { row, counts in
            zip(letters, counts).map { (name: "\($0)\(row + 1)", count: $1) }
        }
        return fields.filter { $0.count > 0 }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
