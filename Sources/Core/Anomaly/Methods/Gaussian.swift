/// Mean and covariance of samples.
struct Gaussian {
    /// `[d]`.
    let mean: [Float]
    /// The mean over the dimensions.
    let variance: Float
    /// `[n, d]`: the samples less their mean.
    private let centred: Matrix

    /// - Parameter samples: `[n, d]`, at least one.
    init(_ samples: Matrix) {
        let (n, d) = (samples.rows, samples.columns)
        var mean = [Float](repeating: 0, count: d)
        for row in 0..<n { for c in 0..<d { mean[c] += samples[row, c] } }
        mean = mean.map { $0 / Float(n) }
        var centred = samples
        var sum: Float = 0
        for row in 0..<n {
            for c in 0..<d {
                centred[row, c] -= mean[c]
                sum += centred[row, c] * centred[row, c]
            }
        }
        self.mean = mean
        self.centred = centred
        variance = sum / Float(n * d)
    }

    /// The covariance, shrunk towards a multiple of the identity, plus `ridge` on the diagonal; rows from the diagonal on.
    ///
    /// The shrinkage is the oracle-approximating one (Chen, Wiesel, Eldar and Hero, IEEE Transactions on Signal Processing 58,
    /// 2010, eq. 23, for d much larger than 1, as in scikit-learn).
    func shrunkCovariance(_ ridge: Float) -> [Float] {
        let (n, d) = (centred.rows, centred.columns)
        let columns = centred.transposed()
        let covariance = columns.multiplied(byTransposed: columns)
        let squares = covariance.values.reduce(0) { $0 + ($1 / Float(n)) * ($1 / Float(n)) } / Float(d * d)
        let squaredVariance = variance * variance
        let excess = Float(n + 1) * (squares - squaredVariance / Float(d))
        let shrinkage = excess > 0 ? min((squares + squaredVariance) / excess, 1) : 1
        var packed: [Float] = []
        packed.reserveCapacity(Cholesky.count(d))
        for i in 0..<d {
            packed.append((1 - shrinkage) * covariance[i, i] / Float(n) + shrinkage * variance + ridge)
            for j in i + 1..<max(d, i + 1) { packed.append((1 - shrinkage) * covariance[i, j] / Float(n)) }
        }
        return packed
    }
}
