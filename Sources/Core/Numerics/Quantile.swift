extension [Float] {
    /// The value that `share` of the others lie below, in between two neighbours where it falls between them: numpy's `quantile`.
    ///
    /// - Precondition: not empty, and without NaN; `share` is 0 to 1.
    /// - Complexity: O(n) on average; nothing is sorted.
    func quantile(_ share: Double) -> Float {
        precondition(!isEmpty && (0...1).contains(share), "quantile \(share) of \(count) numbers")
        let place = share * Double(count - 1)
        let rank = Int(place)
        var values = self
        let lower = values.withUnsafeMutableBufferPointer { $0.select(rank) }
        guard Double(rank) < place, let upper = values[(rank + 1)...].min() else { return lower }
        return lower + (upper - lower) * Float(place - Double(rank))
    }

    var median: Float { quantile(0.5) }
}

extension UnsafeMutableBufferPointer<Float> {
    /// The number of this rank, from 0; no greater ones are before it then, no smaller ones behind (Hoare's "Find").
    fileprivate func select(_ rank: Int) -> Float {
        var (first, last) = (0, count - 1)
        while first < last {
            let pivot = self[rank]
            var (i, j) = (first, last)
            repeat {
                while self[i] < pivot { i += 1 }
                while pivot < self[j] { j -= 1 }
                if i <= j {
                    swapAt(i, j)
                    i += 1
                    j -= 1
                }
            } while i <= j
            if j < rank { first = i }
            if rank < i { last = j }
        }
        return self[rank]
    }
}
