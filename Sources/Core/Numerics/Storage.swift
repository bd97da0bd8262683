/// A fixed block of numbers for kernels to work in, aligned to 64 bytes and zeroed at the start.
///
/// Arrays would check bounds and uniqueness in the innermost loops; a block is one pointer for its whole life.
// Safety: weights are written once, before they are shared, and only read afterwards; scratch belongs to one backbone,
// which one thread uses at a time and whose parallel shares of work write disjoint rows.
package final class Storage: @unchecked Sendable {
    package let count: Int
    package let base: UnsafeMutablePointer<Float>

    package init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 16) * MemoryLayout<Float>.stride, alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(count, 16))
        base.initialize(repeating: 0, count: max(count, 16))
    }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        base.update(from: values, count: values.count)
    }

    deinit { base.deallocate() }

    /// A copy of `range`.
    package func values(_ range: Range<Int>) -> [Float] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "storage: \(range) of \(count)")
        return [Float](UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }
}
