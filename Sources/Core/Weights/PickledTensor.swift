extension PickledTensor {
    /// Strides with those of dimensions of one element, which are arbitrary, set to nothing.
    private var effectiveStrides: [Int] { zip(shape, strides).map { $0 == 1 ? 0 : $1 } }

    /// Stored elements from the first to the last, both included; nil when shape, strides or offset make no sense.
    var checkedSpan: Int? {
        guard shape.count == strides.count, offset >= 0, strides.allSatisfy({ $0 >= 0 }) else { return nil }
        if shape.contains(0) { return 0 }
        var last = 0
        for (dimension, stride) in zip(shape, effectiveStrides) {
            let (step, overflow) = stride.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            let (sum, sumOverflow) = last.addingReportingOverflow(step - stride)
            guard !sumOverflow else { return nil }
            last = sum
        }
        return last == .max ? nil : last + 1
    }

    var isContiguous: Bool {
        var expected = 1
        for (dimension, stride) in zip(shape, strides).reversed() where dimension != 1 {
            if stride != expected { return false }
            expected *= dimension
        }
        return true
    }

    /// Row-major copy of a view whose span has been checked.
    func gather(_ stored: [Float], count: Int) -> [Float] {
        let strides = effectiveStrides
        var index = [Int](repeating: 0, count: shape.count)
        var source = 0
        var values: [Float] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            values.append(stored[source])
            for axis in shape.indices.reversed() {
                index[axis] += 1
                source += strides[axis]
                if index[axis] < shape[axis] { break }
                source -= strides[axis] * shape[axis]
                index[axis] = 0
            }
        }
        return values
    }
}

extension Pickle {
    /// Bytes an element of each storage that the pickle mentions. A storage is always among a function's arguments.
    var storageElementBytes: [String: Int] {
        var result: [String: Int] = [:]
        for case .storage(let storage) in sequences.joined() { result[storage.key] = storage.type.byteCount }
        return result
    }
}
