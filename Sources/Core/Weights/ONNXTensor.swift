/// A `TensorProto`: a tensor's name, shape and type, and where its numbers lie.
struct ONNXTensor {
    private(set) var name = ""
    private var shape: [Int] = []
    private var type: Int?
    /// Bytes of the numbers: one range, or several when a writer did not pack them.
    private var data: [Range<Int>] = []
    private var isExternal = false
    private let message: ByteCursor

    init(_ message: ByteCursor) throws(WeightsError) {
        self.message = message
        var cursor = message
        while let field = try cursor.nextField("initialiser") {
            switch (field.number, field.payload) {
            case (1, .varint(let dimension)): shape.append(Int(truncatingIfNeeded: dimension))
            case (1, .bytes(let range)): try appendDimensions(message.slice(range))
            case (2, .varint(let value)): type = Int(clamping: value)
            case (4, .fixed(let range)), (4, .bytes(let range)), (9, .bytes(let range)), (10, .fixed(let range)),
                (10, .bytes(let range)):
                data.append(range)
            case (8, .bytes(let range)): name = String(decoding: message.bytes[range], as: UTF8.self)
            case (14, .varint(let location)): isExternal = location != 0
            default: continue
            }
        }
    }

    private mutating func appendDimensions(_ packed: ByteCursor) throws(WeightsError) {
        var packed = packed
        while packed.remaining > 0 { shape.append(Int(truncatingIfNeeded: try packed.varint("shape"))) }
    }

    /// The tensor, or nil when its numbers are whole.
    func tensor() throws(WeightsError) -> Tensor? {
        guard let type = try elementType() else { return nil }
        let stored = data.reduce(0) { $0 + $1.count }
        guard !isExternal else {
            throw .refused(file: message.file, section: name, reason: "its numbers are in another file")
        }
        guard let byteCount = checkedByteCount(shape, type), byteCount == stored else {
            throw .malformed(
                file: message.file, section: name, expected: "the numbers of \(shape)", got: "\(stored) bytes")
        }
        let bytes = data.count == 1 ? message.bytes[data[0]] : ArraySlice(data.flatMap { message.bytes[$0] })
        let values = type.floats(bytes)
        if let index = values.withUnsafeBufferPointer(firstNotFinite) {
            throw .notFinite(file: message.file, tensor: name, index: index)
        }
        return Tensor(shape: shape, values: values)
    }

    /// `TensorProto.DataType`; nil for whole numbers and truth values.
    private func elementType() throws(WeightsError) -> ElementType? {
        switch type {
        case 1: .float32
        case 10: .float16
        case 11: .float64
        case 16: .bfloat16
        case 2, 3, 4, 5, 6, 7, 9, 12, 13: nil
        default:
            throw .unsupportedType(
                file: message.file, tensor: name, type: type.map { "ONNX data type \($0)" } ?? "no data type")
        }
    }
}
