/// Where a tensor lies among all numbers of a network.
package struct TensorPlace: Sendable, Equatable {
    package let name: String
    package let shape: [Int]
    package let offset: Int

    package var range: Range<Int> { offset..<offset + shape.reduce(1, *) }
}

extension Storage {
    /// Copies of the tensors at some places, by name.
    package func tensors(at places: [TensorPlace]) -> [String: Tensor] {
        var result: [String: Tensor] = [:]
        for place in places { result[place.name] = Tensor(shape: place.shape, values: values(place.range)) }
        return result
    }

    /// Writes a tensor's numbers to its place.
    ///
    /// - Precondition: they are as many as the place has.
    func write(_ values: [Float], at place: TensorPlace) {
        precondition(values.count == place.range.count, "\(place.name): \(values.count) numbers for \(place.shape)")
        (base + place.offset).update(from: values, count: values.count)
    }
}
