import ControlProtocol
import Core
import Platform
import Synchronization

/// The nearest good patch of a part, found when somebody asks: by the stored picture and the generation that judged it, on a
/// thread of low priority, and kept for the next one who asks. Nothing of it is on the way of a verdict.
final class NearestDesk: Sendable {
    struct Found: Sendable {
        let reply: NearestReply
        /// PNG: the part and the good one side by side.
        let picture: [UInt8]
    }

    /// Why there is none.
    private struct Absence: Error {
        let missing: NearestReply.Missing
        let text: String
    }

    private struct Cache {
        static let most = (count: 200, bytes: 16 << 20)
        /// The oldest first.
        var kept: [Found] = []

        mutating func keep(_ found: Found) {
            kept.append(found)
            while kept.count > Self.most.count || kept.reduce(0, { $0 + $1.picture.count }) > Self.most.bytes {
                kept.removeFirst()
            }
        }
    }

    private static let lane = WorkLane("fsac-nearest", threads: 1, niceness: 10)
    /// Who asks at a time.
    private let places = Budget(8)
    private let book: RecipeBook
    private let pictures: VerdictPictures
    private let parts: RecentParts
    private let checks: ShotChecks
    private let cache = Mutex(Cache())

    init(book: RecipeBook, pictures: VerdictPictures, parts: RecentParts) {
        self.book = book
        self.pictures = pictures
        self.parts = parts
        checks = ShotChecks(parts: parts)
    }

    /// - Returns: without a picture when there is none, for the reason that the reply names.
    /// - Throws: `notFound` when there is no such verdict; `unavailable` when too many ask.
    func nearest(to sequence: UInt64) async throws -> (reply: NearestReply, picture: [UInt8]?) {
        if let found = known(sequence) { return (found.reply, found.picture) }
        guard let place = places.take(1) else {
            throw ControlError(code: .unavailable, message: "nearest: \(places.whole) others ask: try again")
        }
        defer { withExtendedLifetime(place) {} }
        guard let record = try await WorkLane.quick.run({ [parts] in try parts.record(sequence) }) else {
            throw ControlError.notFound("inspections: no verdict \(sequence) in the journal")
        }
        do {
            guard record.score != nil, let generation = record.generation else {
                throw Absence(
                    missing: .judgement, text: "verdict \(sequence) is \(record.verdict.rawValue): no model judged it")
            }
            let bytes = try await picture(of: sequence)
            let found = try await Self.lane.run { [self] in
                // Somebody else may have asked since.
                if let found = known(sequence) { return found }
                defer { Heap.giveBack() }
                let found = try find(record, generation, bytes)
                cache.withLock { $0.keep(found) }
                return found
            }
            return (found.reply, found.picture)
        } catch let absence as Absence {
            let reply = NearestReply(
                seq: sequence, recipe: record.recipe, generation: record.generation, missing: absence.missing,
                text: absence.text)
            return (reply, nil)
        }
    }

    private func known(_ sequence: UInt64) -> Found? {
        cache.withLock { $0.kept.first { $0.reply.seq == sequence } }
    }

    private func picture(of sequence: UInt64) async throws -> [UInt8] {
        do {
            return try await pictures.picture(of: sequence, .image).bytes
        } catch let error as ControlError where error.code.isAbsence {
            throw Absence(missing: .picture, text: error.message)
        }
    }

    // MARK: On the lane

    private func find(_ record: InspectionRecord, _ generation: Int, _ bytes: [UInt8]) throws -> Found {
        let (entry, active, model) = try model(of: record, generation)
        let (part, nearest) = try nearest(bytes, by: model)
        let found = try good(nearest, like: bytes, entry, active.model)
        let good: Image
        let size: PixelSize
        do {
            size = try Self.frame(of: found.bytes)
            good = try model.area.image(of: Picture(.file, bytes: found.bytes), inputSize: Self.side(of: model))
        } catch {
            throw Absence(missing: .shot, text: "\(found.name), which is most like the part, cannot be read: \(error)")
        }
        let frame = try Self.frame(of: bytes)
        let (partArea, goodArea) = (model.area.rectangle(in: frame), model.area.rectangle(in: size))
        let squares = nearest.squares(
            beside: found.place, part: PixelSize(height: partArea.height, width: partArea.width),
            good: PixelSize(height: goodArea.height, width: goodArea.width))
        var reply = NearestReply(
            seq: record.seq, recipe: record.recipe, generation: generation,
            text:
                "most unusual at (\(Int(squares.part.centre.x) + partArea.x), \(Int(squares.part.centre.y) + partArea.y)); "
                + found.text)
        reply.way = nearest.match == nil ? .samePlace : .nearest
        reply.distance = nearest.match?.distance
        (reply.shot, reply.learnt) = (found.sha256, found.learnt)
        reply.part = .init(squares.part, in: partArea)
        reply.good = .init(squares.good, in: goodArea)
        return Found(
            reply: reply, picture: nearest.drawn(beside: found.place, part: part, good: good).pngBytes())
    }

    /// Twice as fine as the model looks: people do.
    private static func side(of model: ActiveModel) -> Int { 2 * model.pictureSide }

    private static func frame(of bytes: [UInt8]) throws -> PixelSize {
        let (height, width) = try Picture(.file, bytes: bytes).size()
        return PixelSize(height: height, width: width)
    }

    private func model(
        of record: InspectionRecord, _ generation: Int
    ) throws -> (RecipeBook.Entry, Recipe.Active, ActiveModel) {
        let gone = Absence(
            missing: .generation,
            text:
                "generation \(generation) of recipe \(record.recipe), which judged part \(record.seq), is not stored any more, "
                + "or the line cannot compute by it any more")
        guard let entry = try? book.entry(record.recipe),
            let active = try? entry.recipe.stored(generation), active.fault == nil,
            let model = entry.method.activeModel(active)
        else { throw gone }
        return (entry, active, model)
    }

    private func nearest(_ bytes: [UInt8], by model: ActiveModel) throws -> (Image, NearestPatch) {
        let picture = Picture(.file, bytes: bytes)
        do throws(Invalidity) {
            let size = try InspectionPipeline.size(of: picture)
            try FrameGuards.check(size, expected: nil, area: model.area)
            let seen = try InspectionPipeline.decode(picture, model.area, side: model.pictureSide)
            let features = model.features(seen, model.makeExtractor())
            guard let nearest = try model.nearest?(features, size.height, size.width) else {
                throw Invalidity(.modelMismatch, "it tells no places")
            }
            return (try InspectionPipeline.decode(picture, model.area, side: Self.side(of: model)), nearest)
        } catch {
            throw Absence(missing: .part, text: "the model cannot say where the part is unusual: \(error.detail)")
        }
    }

    /// A good picture, and where in it.
    private struct Good {
        let place: PatchPlace
        let bytes: [UInt8]
        let name: String
        var sha256: String?
        var learnt: UInt64?
        let text: String
    }

    private func good(
        _ nearest: NearestPatch, like bytes: [UInt8], _ entry: RecipeBook.Entry, _ model: FittedModel
    ) throws -> Good {
        guard let match = nearest.match else { return try samePlace(nearest, like: bytes, entry, model) }
        let distance = "distance \((Double(match.distance) * 1000).rounded() / 1000)"
        switch match.place.origin {
        case .shot(let number):
            guard model.shots.indices.contains(number) else {
                throw Absence(missing: .shot, text: "the model names a shot that it does not have: fit again")
            }
            let sha256 = model.shots[number]
            return Good(
                place: match.place, bytes: try shot(sha256, entry), name: "shot \(sha256.prefix(12))", sha256: sha256,
                text: "nearest good: shot \(sha256.prefix(12)), \(distance)")
        case .learnt(let number):
            let learnt = model.lesson?.parts.filter { $0.fate == .learnt } ?? []
            guard learnt.indices.contains(number) else {
                throw Absence(missing: .shot, text: "the model names a part that did not teach it: teach again")
            }
            let part = learnt[number].number
            guard let bytes = try parts.storedPicture(of: part) else {
                throw Absence(
                    missing: .shot,
                    text:
                        "the nearest good one is part \(part), which taught the model: its picture is not stored any more"
                )
            }
            return Good(
                place: match.place, bytes: bytes, name: "part \(part)", learnt: part,
                text: "nearest good: part \(part), which taught the model, \(distance)")
        }
    }

    private func shot(_ sha256: String, _ entry: RecipeBook.Entry) throws -> [UInt8] {
        do {
            return try entry.recipe.picture(named: sha256).bytes
        } catch {
            throw Absence(
                missing: .shot,
                text: "the nearest good one is shot \(sha256.prefix(12)), which was removed or cannot be read")
        }
    }

    private func samePlace(
        _ nearest: NearestPatch, like bytes: [UInt8], _ entry: RecipeBook.Entry, _ model: FittedModel
    ) throws -> Good {
        guard let likeness = try? PictureLikeness(of: Picture(.file, bytes: bytes)),
            let normal = checks.shot(mostLike: likeness, among: Set(model.shots), in: entry.recipe)
        else { throw Absence(missing: .shot, text: "none of the model's shots can be read any more") }
        let why =
            model.remembersPatches
            ? "this model was fitted before patches were traced: fsacctl refit" : "its method remembers no patches"
        return Good(
            place: PatchPlace(.shot(0), centre: nearest.centre, step: nearest.right),
            bytes: try shot(normal.sha256, entry), name: "shot \(normal.sha256.prefix(12))", sha256: normal.sha256,
            text: "the same place of shot \(normal.sha256.prefix(12)), which looks most like the part (\(why))")
    }
}

extension NearestReply.Square {
    /// - Parameter area: that the square's pixels are counted in.
    fileprivate init(_ square: TurnedSquare, in area: PixelRectangle) {
        func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
        self.init(
            x: tenths(square.centre.x + Double(area.x)), y: tenths(square.centre.y + Double(area.y)),
            side: tenths(square.side), degrees: tenths(square.degrees))
    }
}
