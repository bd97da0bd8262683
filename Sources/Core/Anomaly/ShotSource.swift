/// The shots of a fit as scorers learn from them: one at a time, in any order, as often as they like.
///
/// The features of one shot and its copies are tens of megabytes. They are kept as far as there is room for them; the others are
/// computed again whenever somebody looks, which takes time and gives the same numbers. So a fit's memory does not grow with its
/// shots, and what it makes does not depend on how much memory it has.
package struct ShotSource {
    private let shelf: Shelf
    /// On the shelf.
    private let numbers: [Int]

    package var count: Int { numbers.count }

    /// Shots that are all there.
    package init(_ shots: [ShotFeatures]) {
        self.init(count: shots.count, room: 0) { number, _ throws(FitError) in shots[number] }
    }

    /// - Parameters:
    ///   - room: for features that are kept, in bytes.
    ///   - first: of shot 0, as it was embedded already, with everything.
    ///   - isCancelled: asked at each look.
    ///   - embed: the features of the shot with this number and at least the pieces that are asked for, the same each time.
    init(
        count: Int, room: Int, first: ShotFeatures? = nil, isCancelled: @escaping () -> Bool = { false },
        embed: @escaping (_ shot: Int, _ pieces: ShotPieces) throws(FitError) -> ShotFeatures
    ) {
        shelf = Shelf(count: count, room: room, first: first, isCancelled: isCancelled, embed: embed)
        numbers = Array(0..<count)
    }

    private init(shelf: Shelf, numbers: [Int]) {
        self.shelf = shelf
        self.numbers = numbers
    }

    /// - Parameter pieces: that are wanted besides the shot itself; others may be there, too.
    /// - Throws: also `cancelled`.
    package func features(of shot: Int, _ pieces: ShotPieces) throws(FitError) -> ShotFeatures {
        try shelf.features(of: numbers[shot], pieces)
    }

    /// The shot itself.
    func own(of shot: Int) throws(FitError) -> ShotFeatures.View { try features(of: shot, []).own }

    /// Some of them, in this order.
    func only(_ shots: [Int]) -> ShotSource { ShotSource(shelf: shelf, numbers: shots.map { numbers[$0] }) }

    /// What `body` makes of each shot itself, in their order.
    func map<Value>(
        _ body: (_ shot: Int, _ own: ShotFeatures.View) throws(FitError) -> Value
    ) throws(FitError) -> [Value] {
        var values: [Value] = []
        for shot in 0..<count { values.append(try body(shot, own(of: shot))) }
        return values
    }

    /// A class, because looking at a shot may keep it.
    private final class Shelf {
        private let isCancelled: () -> Bool
        private let embed: (Int, ShotPieces) throws(FitError) -> ShotFeatures
        private var first: ShotFeatures?
        private var room: Int
        /// Shots that have not been looked at: for each there should be room for itself.
        private var unseen: Set<Int>
        private var kept: [Int: ShotFeatures] = [:]

        init(
            count: Int, room: Int, first: ShotFeatures?, isCancelled: @escaping () -> Bool,
            embed: @escaping (Int, ShotPieces) throws(FitError) -> ShotFeatures
        ) {
            self.room = room
            self.isCancelled = isCancelled
            self.embed = embed
            self.first = first
            unseen = Set(0..<count)
        }

        func features(of shot: Int, _ pieces: ShotPieces) throws(FitError) -> ShotFeatures {
            guard !isCancelled() else { throw .cancelled }
            if let features = kept[shot], features.lacks.isDisjoint(with: pieces) { return features }
            if shot == 0, let first {
                self.first = nil
                keep(first, shot)
                return first
            }
            let features = try embed(shot, pieces)
            keep(features, shot)
            return features
        }

        /// At the first look, at which everything is there. What the closer look at turned copies shows is learnt at once, and is
        /// most of all.
        private func keep(_ features: ShotFeatures, _ shot: Int) {
            guard unseen.remove(shot) != nil else { return }
            let (own, most) = (features.with([]), features.with([.turned, .made]))
            let isRoomy = most.byteCount + unseen.count * own.byteCount <= room
            let kept = isRoomy ? most : own
            guard kept.byteCount <= room else { return }
            room -= kept.byteCount
            self.kept[shot] = kept
        }
    }
}

/// What there is of a shot besides itself.
package struct ShotPieces: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Turned copies.
    package static let turned = ShotPieces(rawValue: 1)
    /// Turned copies with their fine views.
    package static let turnedClosely = ShotPieces(rawValue: 3)
    /// Variants, copies and synthetic anomalies.
    package static let made = ShotPieces(rawValue: 4)
    package static let everything: ShotPieces = [.turnedClosely, .made]
}

extension ShotFeatures {
    /// Itself and these pieces alone.
    func with(_ pieces: ShotPieces) -> ShotFeatures {
        var turned = pieces.contains(.turned) ? turned : []
        if !pieces.contains(.turnedClosely) { turned = turned.map(\.withoutFine) }
        let isMade = pieces.contains(.made)
        var left = ShotFeatures(
            own: own, turned: turned, variants: isMade ? variants : [], anomalies: isMade ? anomalies : [])
        if isMade { left.copies = copies }
        left.lacks = lacks.union(self.pieces.subtracting(pieces))
        left.number = number
        return left
    }

    /// That it has.
    private var pieces: ShotPieces {
        var pieces: ShotPieces = []
        if !turned.isEmpty { pieces.insert(.turned) }
        if turned.contains(where: { !$0.features.fine.isEmpty }) { pieces.insert(.turnedClosely) }
        if !(variants.isEmpty && copies.isEmpty && anomalies.isEmpty) { pieces.insert(.made) }
        return pieces
    }

    /// Of the numbers, which are nearly all of it.
    var byteCount: Int {
        let views = [own] + turned + variants + anomalies.map(\.view)
        return views.reduce(0) { $0 + $1.features.byteCount } + copies.joined().reduce(0) { $0 + $1.byteCount }
    }
}

extension ShotFeatures.View {
    fileprivate var withoutFine: Self {
        var features = features
        features.fine = []
        return Self(features: features, mask: mask, placement: placement)
    }
}

extension PatchFeatures {
    fileprivate var byteCount: Int {
        let whole = whole.map { $0.windows.values.reduce($0.embedding.count) { $0 + $1.tokens.values.count } } ?? 0
        return (rows.values.count + whole) * MemoryLayout<Float>.stride + fine.reduce(0) { $0 + $1.byteCount }
    }
}
