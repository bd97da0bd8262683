/// Where a remembered patch comes from.
package struct PatchPlace: Sendable, Equatable, Codable {
    /// Whose picture shows it.
    package enum Origin: Sendable, Equatable, Codable {
        /// A shot, by its number among the model's.
        case shot(Int)
        /// A part that teaching added, by its number among those that were learnt (``Lesson``).
        case learnt(Int)
    }

    package let origin: Origin
    /// The middle of the patch, in shares of the inspected region's width and height.
    package let centre: SIMD2<Double>
    /// From the patch to the next one on its right, in the same shares: how the view that showed it was turned, and how fine it was.
    package let step: SIMD2<Double>

    package init(_ origin: Origin, centre: SIMD2<Double>, step: SIMD2<Double>) {
        self.origin = origin
        self.centre = centre
        self.step = step
    }

    init(_ origin: Origin, _ patch: Int, of grid: PatchGrid, at placement: ViewPlacement) {
        let centre = grid.centre(of: patch)
        let place = placement.inPicture(x: centre.x, y: centre.y)
        self.init(
            origin, centre: SIMD2(place.x, place.y), step: placement.right / Double(grid.columns))
    }
}

/// Where the rows of a memory come from, one place a row.
package struct PatchPlaces: Sendable, Equatable {
    /// Numbers of a place as they are stored: the origin (a learnt part as -1 less its number), the centre, the step.
    private static let width = 5
    private var values: [Float] = []

    package init() {}

    package var count: Int { values.count / Self.width }

    package subscript(row: Int) -> PatchPlace {
        let place = values[row * Self.width..<(row + 1) * Self.width].map(Double.init)
        return PatchPlace(
            place[0] < 0 ? .learnt(Int(-1 - place[0])) : .shot(Int(place[0])), centre: SIMD2(place[1], place[2]),
            step: SIMD2(place[3], place[4]))
    }

    package mutating func append(_ place: PatchPlace) {
        let origin =
            switch place.origin {
            case .shot(let number): Float(number)
            case .learnt(let number): Float(-1 - number)
            }
        values += [origin, Float(place.centre.x), Float(place.centre.y), Float(place.step.x), Float(place.step.y)]
    }

    static func += (places: inout PatchPlaces, others: PatchPlaces) { places.values += others.values }

    /// Those of some rows.
    func rows(_ rows: [Int]) -> PatchPlaces {
        var places = PatchPlaces()
        for row in rows { places.append(self[row]) }
        return places
    }

    /// The same patches of another picture.
    func of(_ origin: PatchPlace.Origin) -> PatchPlaces {
        var places = PatchPlaces()
        for row in 0..<count { places.append(PatchPlace(origin, centre: self[row].centre, step: self[row].step)) }
        return places
    }
}

// MARK: With the model

extension PatchPlaces {
    /// Models of versions before had none, and these do without what they do not know.
    static let tensorSuffix = ".places"

    var tensor: Tensor { Tensor(shape: [count, Self.width], values: values) }

    /// - Returns: nil when there are none of that memory.
    /// - Throws: when they are not one a row, or name no place.
    init?(of memory: String, rows: Int, _ tensors: [String: Tensor]) throws(DamagedSection) {
        let name = memory + Self.tensorSuffix
        guard tensors[name] != nil else { return nil }
        values = try tensors.matrix(name, rows: rows, columns: Self.width).values
        // Up to there whole numbers are exact in single precision.
        let largest: Float = 16_777_216
        guard values.allSatisfy({ $0.isFinite && abs($0) <= largest }) else {
            throw DamagedSection(section: name, expected: "numbers of shots and places in them", got: "others")
        }
    }
}
