import Core
import Foundation
import Testing

/// Made-up parts of 24 x 20 patches, 5 wide: a ground, and four pieces of kinds of their own.
@Suite struct CompositionTests {
    private static let grid = PatchGrid(rows: 24, columns: 20)
    private static let mask = PatchMask(all: grid)

    /// Where the pieces lie, 6 x 5 patches each.
    private static let places: [(row: Int, column: Int)] = [(2, 2), (2, 12), (14, 2), (14, 12)]

    /// - Parameters:
    ///   - kinds: of the pieces, in the order of their places.
    ///   - shift: of the whole part, around the picture's edge.
    private func part(_ number: Int, _ kinds: [Int] = [1, 2, 3, 4], shift: (Int, Int) = (0, 0)) -> PatchFeatures {
        var seed = SplitMix64(seed: UInt64(number))
        var rows = Matrix(rows: Self.grid.count, columns: 5)
        for patch in 0..<Self.grid.count {
            let row = (patch / Self.grid.columns + shift.0) % Self.grid.rows
            let column = (patch % Self.grid.columns + shift.1) % Self.grid.columns
            let piece = Self.places.firstIndex {
                (0..<6).contains(row - $0.row) && (0..<5).contains(column - $0.column)
            }
            for feature in 0..<5 {
                let own: Float = feature == piece.map { kinds[$0] } ?? 0 ? 1 : 0
                rows.values[patch * 5 + feature] = own + 0.1 * seed.normal()
            }
        }
        rows.normalizeRows()
        return PatchFeatures(grid: Self.grid, rows: rows)
    }

    private func sample(_ features: PatchFeatures) -> CompositionSample {
        CompositionSample(features, Self.mask, columns: 0..<5)
    }

    private func shots(_ count: Int = 4) -> [CompositionSample] { (1...count).map { sample(part($0)) } }

    @Test(arguments: [[2, 1, 3, 4], [1, 2, 3, 3], [0, 2, 3, 4]])
    func aPieceInAnotherPlaceOrTwiceOrMissingIsFarFromGoodParts(kinds: [Int]) throws {
        let found = try #require(Composition.fit(shots(), columns: 0..<5))
        let composition = try #require(found.composition)
        #expect(found.evidence.contrast > 3.5)
        let good = (11...30).map { composition.evidence(of: part($0), counting: Self.mask).score(1) }
        let wrong = composition.evidence(of: part(31, kinds), counting: Self.mask).score(1)
        #expect(try wrong > 2 * #require(good.max()))
        // Good parts stay where they are without it.
        #expect(good.allSatisfy { (0.85...1.25).contains($0) }, "\(good)")
    }

    @Test func whereGoodPartsLieAnywhereItDoesNotCount() throws {
        let shots = (1...4).map { sample(part($0, shift: (5 * $0, 7 * $0))) }
        let found = try #require(Composition.fit(shots, columns: 0..<5))
        #expect(found.evidence.contrast < 2 && found.evidence.weight == 0 && found.composition == nil)
    }

    @Test func twoShotsOrAFewPatchesDoNotTellWhatHasItsPlace() {
        #expect(Composition.fit(shots(2), columns: 0..<5) == nil)
        let small = PatchGrid(rows: 13, columns: 13)
        var rows = Matrix(rows: small.count, columns: 5, values: (0..<small.count * 5).map { Float($0 % 7) + 1 })
        rows.normalizeRows()
        let sample = CompositionSample(
            PatchFeatures(grid: small, rows: rows), PatchMask(all: small), columns: 0..<5)
        #expect(Composition.fit([sample, sample, sample], columns: 0..<5) == nil)
    }

    @Test func picturesOfOnePartSayNothingOfHowMuchPartsDiffer() throws {
        #expect(Composition.fit([1, 1, 1].map { sample(part($0)) }, columns: 0..<5) == nil)
        // Two pictures of each part are as one of each.
        let once = try #require(Composition.fit([1, 2, 3].map { sample(part($0)) }, columns: 0..<5)?.composition)
        let twice = try #require(
            Composition.fit([1, 1, 2, 2, 3, 3].map { sample(part($0)) }, columns: 0..<5)?.composition)
        #expect((0.5...2).contains(twice.unit / once.unit))
    }

    /// The sums as they are written in the type's text, in doubles, one patch after another.
    private func square(_ features: PatchFeatures, _ mask: PatchMask, _ composition: Composition) -> Double {
        let (side, words) = (7, Composition.wordsOfBook)
        func belongs(_ index: Int, _ count: Int, to cell: Int) -> Double {
            let place = min(max((Double(index) + 0.5) / Double(count) * Double(side) - 0.5, 0), Double(side - 1))
            return max(1 - abs(place - Double(cell)), 0)
        }
        var total = 0.0
        for book in 0..<Composition.books {
            var roots = [Double](repeating: 0, count: side * side * words)
            for cell in 0..<side * side {
                var (sums, count) = ([Double](repeating: 0, count: words), 0.0)
                for patch in mask.patches {
                    let weight =
                        belongs(patch / mask.grid.columns, mask.grid.rows, to: cell / side)
                        * belongs(patch % mask.grid.columns, mask.grid.columns, to: cell % side)
                    let shares = (0..<words).map { word -> Double in
                        let centre = composition.words.row(book * words + word)
                        return exp(zip(features.rows.row(patch), centre).reduce(0) { $0 + Double($1.0 * $1.1) } / 0.1)
                    }
                    let sum = shares.reduce(0, +)
                    for word in 0..<words { sums[word] += weight * shares[word] / sum }
                    count += weight
                }
                for word in 0..<words { roots[cell * words + word] = count > 0 ? (sums[word] / count).squareRoot() : 0 }
            }
            let squares = (0..<composition.shots.rows).map { shot -> Double in
                let row = Array(composition.shots.row(shot))
                return (0..<side * side).map { cell in
                    (0..<words).reduce(0) { sum, word in
                        let difference =
                            roots[cell * words + word] - Double(row[(book * side * side + cell) * words + word])
                        return sum + difference * difference
                    }
                }.max() ?? 0
            }
            total += (squares.min() ?? 0) / Double(Composition.books)
        }
        return total
    }

    @Test(arguments: [nil, 3, 6]) func theDistanceIsThatOfItsDefinition(everyOther: Int?) throws {
        let composition = try #require(Composition.fit(shots(3), columns: 0..<5)?.composition)
        let mask = everyOther.map { step in
            PatchMask((0..<Self.grid.count).filter { $0 % step != 0 }, of: Self.grid)
        }
        for features in [part(7), part(8, [4, 1, 2, 3])] {
            let found = composition.evidence(of: features, counting: mask ?? Self.mask)
            let expected =
                square(features, mask ?? Self.mask, composition) * Double(composition.weight / composition.unit)
            #expect(abs(Double(found.added) / expected - 1) < 1e-3, "\(found.added) \(expected)")
        }
    }

    /// A model of parts by their numbers; from 100 on two pieces have changed places.
    private func model(of numbers: [Int]) throws -> FittedModel {
        try fittedModel(of: numbers) { part($0, $0 < 100 ? [1, 2, 3, 4] : [2, 1, 3, 4]) }
    }

    private func score(_ model: FittedModel, _ number: Int) -> Float {
        let features = part(number, number < 100 ? [1, 2, 3, 4] : [2, 1, 3, 4])
        return model.score(Features(layers: [1: FeatureMap(grid: features.grid, tokens: features.rows)])).imageScore
    }

    @Test func aPartWithTwoPiecesExchangedIsRejectedThoughEveryPatchIsKnown() throws {
        let model = try model(of: [1, 2, 3, 4])
        #expect(model.scorer.findings.contains { $0.hasPrefix("which pieces lie where counts") })
        // The limit means to reject one good part of twenty.
        #expect((20...40).count { score(model, $0) > model.calibration.limit } <= 1)
        #expect((120...140).allSatisfy { score(model, $0) > model.calibration.limit })
    }

    @Test func theMapShowsWhereAnotherPieceLies() throws {
        let model = try model(of: [1, 2, 3, 4])
        let limit = model.calibration.limit
        func map(_ number: Int) -> ScoreMap {
            let features = part(number, number < 100 ? [1, 2, 3, 4] : [2, 1, 3, 4])
            return model.score(Features(layers: [1: FeatureMap(grid: features.grid, tokens: features.rows)]))
        }
        for number in 120...125 {
            // The first two pieces, in the upper half, have changed places.
            let wrong = map(number)
            #expect(wrong.hasReject(at: limit) && wrong.peak.y < 0.5)
            let rows = (0..<Self.grid.rows).map { row in
                wrong.values[row * Self.grid.columns..<(row + 1) * Self.grid.columns].max() ?? 0
            }
            #expect(try #require(rows[16...].max()) < limit)
        }
        #expect((20...25).allSatisfy { !map($0).hasReject(at: limit) })
    }

    @Test func aLoadedModelKnowsWhichPiecesLieWhere() throws {
        let folder = try ScratchFolder()
        let model = try model(of: [1, 2, 3])
        try model.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded == model && score(loaded, 120) == score(model, 120))
        // One of before has no composition, and scores as it did.
        let document = String(decoding: try folder.document(), as: UTF8.self)
        #expect(document.contains("\"composition\""))
    }
}
