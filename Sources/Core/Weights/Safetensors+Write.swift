import Foundation

extension Safetensors {
    /// Writes tensors in single precision. Equal tensors and metadata give equal bytes.
    ///
    /// The file appears whole or not at all: it is written beside its place, synced, and renamed.
    ///
    /// - Returns: SHA-256 of the file, in hexadecimal.
    /// - Throws: `notFinite` before anything is written; `unwritable`.
    @discardableResult
    public static func write(
        _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
    ) throws(WeightsError) -> String {
        let ordered = tensors.sorted { $0.key < $1.key }
        for (name, tensor) in ordered {
            if let index = tensor.values.withUnsafeBufferPointer(firstNotFinite) {
                throw .notFinite(file: path, tensor: name, index: index)
            }
        }
        let header = try headerBytes(ordered, metadata: metadata, path: path)
        var output = try WeightsOutput(replacing: path)
        try output.write(header)
        for (_, tensor) in ordered {
            try tensor.values.withUnsafeBufferPointer { (values) throws(WeightsError) in
                try output.write(UnsafeRawBufferPointer(values))
            }
        }
        return try output.finish()
    }

    private static func headerBytes(
        _ ordered: [(key: String, value: Tensor)], metadata: [String: String], path: String
    ) throws(WeightsError) -> [UInt8] {
        var records: [String: SafetensorsHeader.Record] = [:]
        var end = 0
        for (name, tensor) in ordered {
            let begin = end
            end += tensor.values.count * ElementType.float32.byteCount
            records[name] = .init(dtype: "F32", shape: tensor.shape, dataOffsets: [begin, end])
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
