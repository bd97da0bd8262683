/// The shots of a fit as scorers learn from them: one at a time, in any order, as often as they like.
///
/// The features of one shot are megabytes. They are kept as far as there is room for them; those of other shots are computed
/// again whenever somebody looks, which takes time and gives the same numbers. So a fit's memory does not grow with its shots,
/// and what it makes does not depend on how much memory it has.
package struct ShotSource {
    private let shelf: Shelf
    /// On the shelf.
    private let numbers: [Int]

    package var count: Int { numbers.count }

    /// Shots that are all there.
    package init(_ shots: [ShotFeatures]) {
        self.init(count: shots.count, room: 0) { number throws(FitError) in shots[number] }
    }

    /// - Parameters:
    ///   - room: for features that are kept, in bytes.
    ///   - first: of shot 0, as it was embedded already.
    ///   - isCancelled: asked at each look.
    ///   - embed: the features of the shot with this number, the same each time.
    init(
        count: Int, room: Int, first: ShotFeatures? = nil, isCancelled: @escaping () -> Bool = { false },
        embed: @escaping (_ shot: Int) throws(FitError) -> ShotFeatures
    ) {
        shelf = Shelf(room: room, first: first, isCancelled: isCancelled, embed: embed)
        numbers = Array(0..<count)
    }

    private init(shelf: Shelf, numbers: [Int]) {
        self.shelf = shelf
        self.numbers = numbers
    }

    /// - Throws: also `cancelled`.
    package func features(of shot: Int) throws(FitError) -> ShotFeatures { try shelf.features(of: numbers[shot]) }

    /// Some of them, in this order.
    func only(_ shots: [Int]) -> ShotSource { ShotSource(shelf: shelf, numbers: shots.map { numbers[$0] }) }

    /// What `body` makes of each, in their order.
    func map<Value>(
        _ body: (_ shot: Int, _ features: ShotFeatures) throws(FitError) -> Value
    ) throws(FitError) -> [Value] {
        var values: [Value] = []
        for shot in 0..<count { values.append(try body(shot, features(of: shot))) }
        return values
    }

    /// A class, because looking at a shot may keep it.
    private final class Shelf {
        private let isCancelled: () -> Bool
        private let embed: (Int) throws(FitError) -> ShotFeatures
        private var room: Int
        private var kept: [Int: ShotFeatures] = [:]

        init(
            room: Int, first: ShotFeatures?, isCancelled: @escaping () -> Bool,
            embed: @escaping (Int) throws(FitError) -> ShotFeatures
        ) {
            self.room = room
            self.isCancelled = isCancelled
            self.embed = embed
            kept[0] = first
        }

        func features(of shot: Int) throws(FitError) -> ShotFeatures {
            guard !isCancelled() else { throw .cancelled }
            if let features = kept[shot] { return features }
            let features = try embed(shot)
            if features.byteCount <= room {
                room -= features.byteCount
                kept[shot] = features
            }
            return features
        }
    }
}

extension ShotFeatures {
    /// Of the numbers, which are nearly all of it.
    var byteCount: Int {
        let views = [own] + turned + variants + anomalies.map(\.view)
        return views.reduce(0) { $0 + $1.features.byteCount } + copies.joined().reduce(0) { $0 + $1.byteCount }
    }
}

extension PatchFeatures {
    fileprivate var byteCount: Int {
        let whole = whole.map { $0.windows.values.reduce($0.embedding.count) { $0 + $1.tokens.values.count } } ?? 0
        return (rows.values.count + whole) * MemoryLayout<Float>.stride + fine.reduce(0) { $0 + $1.byteCount }
    }
}
