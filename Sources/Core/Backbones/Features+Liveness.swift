extension Features {
    /// Of the mean square of the numbers: what differs by less than this share does not differ. Rounding is 1e-14.
    private static let smallestShare = 1e-8

    /// What shows that no trained network computed these and the features of another picture, in words; nil = nothing does. Weights
    /// of zeros are well-formed, and say the same of everything.
    package func deadness(besides other: Features) -> String? {
        guard isFinite, other.isFinite else { return "numbers that are not finite" }
        for (layer, map) in layers.sorted(by: { $0.key < $1.key }) {
            guard let otherMap = other.layers[layer] else { return "no layer \(layer)" }
            if map.grid.count > 1, !map.tokens.differs(from: map.tokens.meanRow) {
                return "the same of every place in a picture (layer \(layer))"
            }
            guard map.tokens.differs(from: otherMap.tokens) else { return "the same of every picture (layer \(layer))" }
        }
        for (view, otherView) in zip(fine ?? [], other.fine ?? []) {
            let (own, others) = (Features(layers: view.layers), Features(layers: otherView.layers))
            if let deadness = own.deadness(besides: others) { return deadness + ", seen closely" }
        }
        guard let token = classToken, let otherToken = other.classToken else { return nil }
        let (one, another) = (Matrix(rows: 1, columns: token.count, values: token), otherToken)
        return one.differs(from: Matrix(rows: 1, columns: another.count, values: another))
            ? nil : "the same of every picture as a whole"
    }
}

extension Matrix {
    /// Each row is the mean of all rows.
    fileprivate var meanRow: Matrix {
        var mean = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { mean[column] += Double(self[row, column]) }
        }
        let values = mean.map { Float($0 / Double(rows)) }
        return Matrix(rows: rows, columns: columns, values: (0..<rows).flatMap { _ in values })
    }

    /// By more than rounding.
    fileprivate func differs(from other: Matrix) -> Bool {
        guard values.count == other.values.count else { return true }
        var (difference, whole) = (0.0, 0.0)
        for (one, another) in zip(values, other.values) {
            difference += Double(one - another) * Double(one - another)
            whole += Double(one) * Double(one)
        }
        return difference > Features.smallestDifference(of: whole)
    }
}

extension Features {
    fileprivate static func smallestDifference(of whole: Double) -> Double { smallestShare * whole }
}
