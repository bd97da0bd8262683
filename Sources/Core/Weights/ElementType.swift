/// How the numbers of a tensor are stored in a file, little-endian.
enum ElementType: Equatable {
    case float16
    case bfloat16
    case float32
    case float64
    /// Whole numbers and truth values: counters and index tables, which no backbone computes with. They are read past.
    case whole(byteCount: Int)

    var byteCount: Int {
        switch self {
        case .float16, .bfloat16: 2
        case .float32: 4
        case .float64: 8
        case .whole(let byteCount): byteCount
        }
    }

    var isWhole: Bool {
        if case .whole = self { true } else { false }
    }

    /// Converts stored numbers to `Float`.
    func floats(_ stored: ArraySlice<UInt8>) -> [Float] {
        let count = stored.count / byteCount
        return [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            stored.withUnsafeBytes { decode($0, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count])) }
            initializedCount = count
        }
    }

    /// Converts stored numbers to `Float`.
    ///
    /// - Parameters:
    ///   - source: `destination.count * byteCount` bytes at any alignment.
    ///   - destination: memory for the numbers, initialised or not.
    func decode(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableBufferPointer<Float>) {
        precondition(source.count == destination.count * byteCount, "element type: \(source.count) bytes")
        switch self {
        case .float32:
            UnsafeMutableRawBufferPointer(destination).copyMemory(from: source)
        case .float16:
            for index in destination.indices {
                let bits = source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                destination.initializeElement(at: index, to: Float(Float16(bitPattern: bits)))
            }
        case .bfloat16:
            for index in destination.indices {
                let bits = source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                destination.initializeElement(at: index, to: Float(bitPattern: UInt32(bits) << 16))
            }
        case .float64:
            for index in destination.indices {
                let bits = source.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
                destination.initializeElement(at: index, to: Float(Double(bitPattern: bits)))
            }
        case .whole:
            preconditionFailure("element type: whole numbers are not decoded")
        }
    }
}

/// Where the first NaN or infinity is.
func firstNotFinite(_ values: UnsafeBufferPointer<Float>) -> Int? {
    // Without a branch in it the loop runs on vector registers; the second search is for the error message.
    var largestExponent: UInt32 = 0
    for value in values { largestExponent = max(largestExponent, value.bitPattern & 0x7f80_0000) }
    return largestExponent == 0x7f80_0000 ? values.firstIndex { !$0.isFinite } : nil
}

/// The number of elements of a tensor of this shape, or nil when a dimension is negative or the count does not fit.
///
/// Zero dimensions count as one in the overflow check, so that no product of some of them can overflow either.
func checkedElementCount(_ shape: [Int]) -> Int? {
    var bound = 1
    for dimension in shape {
        let (product, overflow) = bound.multipliedReportingOverflow(by: max(dimension, 1))
        guard dimension >= 0, !overflow else { return nil }
        bound = product
    }
    return shape.contains(0) ? 0 : bound
}

/// The number of bytes of a tensor of this shape, or nil when it does not fit.
func checkedByteCount(_ shape: [Int], _ type: ElementType) -> Int? {
    guard let count = checkedElementCount(shape) else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
    return overflow ? nil : bytes
}
