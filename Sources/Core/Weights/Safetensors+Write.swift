import Foundation

extension Safetensors {
    /// A tensor that is going to be written.
    struct Outline {
        let name: String
        let shape: [Int]
        /// Half precision and bfloat16 stay so, everything else becomes single precision.
        let type: ElementType
    }

    /// Writes tensors in single precision. Equal tensors and metadata give equal bytes.
    ///
    /// The file appears whole or not at all: it is written beside its place, synced, and renamed.
    ///
    /// - Returns: SHA-256 of the file, in hexadecimal.
    /// - Throws: `notFinite`; `unwritable`. Then a file that was there before still is.
    @discardableResult
    package static func write(
        _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
    ) throws(WeightsError) -> String {
        let outlines = tensors.map { Outline(name: $0, shape: $1.shape, type: .float32) }
        return try write(outlines, metadata: metadata, to: path) { (name) throws(WeightsError) in
            guard let tensor = tensors[name] else { throw .missingTensor(file: path, tensor: name) }
            return tensor
        }
    }

    /// Writes tensors one after the other, so that only one of them need be in memory.
    ///
    /// - Parameter tensor: by name, of the shape that its outline says.
    static func write(
        _ outlines: [Outline], metadata: [String: String], to path: String,
        tensor: (String) throws(WeightsError) -> Tensor
    ) throws(WeightsError) -> String {
        let ordered = outlines.sorted { $0.name < $1.name }
        let header = try headerBytes(ordered, metadata: metadata, path: path)
        var output = try WeightsOutput(replacing: path)
        try output.write(header)
        for outline in ordered {
            let values = try tensor(outline.name)
            precondition(values.shape == outline.shape, "safetensors: \(outline.name) of shape \(values.shape)")
            if let index = values.values.withUnsafeBufferPointer(firstNotFinite) {
                throw .notFinite(file: path, tensor: outline.name, index: index)
            }
            try write(values.values, as: outline.type, to: &output)
        }
        return try output.finish()
    }

    private static func write(
        _ values: [Float], as type: ElementType, to output: inout WeightsOutput
    ) throws(WeightsError) {
        switch type {
        case .float16, .bfloat16:
            let isHalf = type == .float16
            let stored = values.map { isHalf ? Float16($0).bitPattern : UInt16($0.bitPattern >> 16) }
            try stored.withUnsafeBufferPointer { (stored) throws(WeightsError) in
                try output.write(UnsafeRawBufferPointer(stored))
            }
        case .float32, .float64, .whole:
            try values.withUnsafeBufferPointer { (values) throws(WeightsError) in
                try output.write(UnsafeRawBufferPointer(values))
            }
        }
    }

    private static func headerBytes(
        _ ordered: [Outline], metadata: [String: String], path: String
    ) throws(WeightsError) -> [UInt8] {
        var records: [String: SafetensorsHeader.Record] = [:]
        var end = 0
        for outline in ordered {
            let begin = end
            let (name, width) =
                switch outline.type {
                case .float16: ("F16", 2)
                case .bfloat16: ("BF16", 2)
                case .float32, .float64, .whole: ("F32", 4)
                }
            end += outline.shape.reduce(1, *) * width
            records[outline.name] = .init(dtype: name, shape: outline.shape, dataOffsets: [begin, end])
        }
        let header = SafetensorsHeader(records: records, metadata: metadata.isEmpty ? nil : metadata)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var json = try? [UInt8](encoder.encode(header)), json.count <= SafetensorsHeader.maximumBytes else {
            throw .unwritable(file: path, reason: "the header of \(records.count) tensors is too long")
        }
        // Padding puts the tensors at multiples of 8 bytes, as the format asks.
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
        let length = UInt64(json.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + json
    }
}
