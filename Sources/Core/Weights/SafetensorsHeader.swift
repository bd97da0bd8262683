import Foundation

/// The JSON header of a safetensors file, as it stands there: nothing but its syntax is checked.
struct SafetensorsHeader {
    /// A tensor whose shape, type and place in the file agree.
    struct Entry {
        let name: String
        let type: ElementType
        let shape: [Int]
        let byteCount: Int
    }

    struct Record: Codable {
        var dtype: String
        var shape: [Int]
        /// Begin and end, counted from the end of the header.
        var dataOffsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    var records: [String: Record]
    /// nil when the header has none.
    var metadata: [String: String]?

    /// A header of 16 MiB describes about 100,000 tensors.
    static let maximumBytes = 16 << 20

    private static let types: [String: ElementType] = [
        "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
        "BOOL": .whole(byteCount: 1), "U8": .whole(byteCount: 1), "I8": .whole(byteCount: 1),
        "U16": .whole(byteCount: 2), "I16": .whole(byteCount: 2), "U32": .whole(byteCount: 4),
        "I32": .whole(byteCount: 4), "U64": .whole(byteCount: 8), "I64": .whole(byteCount: 8),
    ]

    init(records: [String: Record], metadata: [String: String]?) {
        self.records = records
        self.metadata = metadata
    }

    init(reading input: inout WeightsInput) throws(WeightsError) {
        let length = try Self.length(try input.bytes(8, section: "header length"), file: input.file)
        try self.init(json: try input.bytes(length, section: "header"), file: input.file)
    }

    /// The header's length from the first eight bytes of the file.
    static func length(_ prefix: [UInt8], file: String) throws(WeightsError) -> Int {
        let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= maximumBytes else {
            throw .malformed(
                file: file, section: "header length", expected: "at most \(maximumBytes)",
                got: "\(length): not a safetensors file")
        }
        return Int(length)
    }

    init(json: [UInt8], file: String) throws(WeightsError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(json))
        } catch {
            throw .malformed(
                file: file, section: "header", expected: "a JSON object of tensors",
                got: "something else: not a safetensors file, or damaged")
        }
        // A JSON decoder keeps one of two equal keys without a word, so the keys are counted as they stand in the text.
        let keys = records.count * 4 + (metadata.map { $0.count + 1 } ?? 0)
        let found = keyCount(of: json)
        guard found == keys else {
            throw .malformed(
                file: file, section: "header", expected: "\(keys) keys, none unknown and none twice",
                got: "\(found)")
        }
    }

    /// The tensors in the order of their bytes.
    ///
    /// - Parameter dataBytes: the number of bytes after the header, which the tensors must cover without gap or overlap.
    func layout(dataBytes: Int, file: String) throws(WeightsError) -> [Entry] {
        var entries: [Entry] = []
        var end = 0
        let ordered = records.sorted { $0.value.dataOffsets.lexicographicallyPrecedes($1.value.dataOffsets) }
        for (name, record) in ordered {
            guard let type = Self.types[record.dtype] else {
                throw .unsupportedType(file: file, tensor: name, type: record.dtype)
            }
            guard let byteCount = checkedByteCount(record.shape, type) else {
                throw .malformed(file: file, section: name, expected: "a shape that fits", got: "\(record.shape)")
            }
            let (next, overflow) = end.addingReportingOverflow(byteCount)
            guard !overflow, record.dataOffsets == [end, next] else {
                throw .malformed(
                    file: file, section: name, expected: "\(byteCount) bytes from \(end) on for \(record.shape)",
                    got: "offsets \(record.dataOffsets)")
            }
            entries.append(Entry(name: name, type: type, shape: record.shape, byteCount: byteCount))
            end = next
        }
        guard end <= dataBytes else {
            throw .truncated(file: file, section: "tensors", expectedBytes: end, gotBytes: dataBytes)
        }
        guard end == dataBytes else {
            throw .malformed(
                file: file, section: "tensors", expected: "\(end) bytes after the header", got: "\(dataBytes)")
        }
        return entries
    }
}

extension SafetensorsHeader: Codable {
    private static let metadataKey = NameKey(stringValue: "__metadata__")

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: NameKey.self)
        records = [:]
        for key in container.allKeys where key.stringValue != Self.metadataKey.stringValue {
            records[key.stringValue] = try container.decode(Record.self, forKey: key)
        }
        metadata = try container.decodeIfPresent([String: String].self, forKey: Self.metadataKey)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        try container.encodeIfPresent(metadata, forKey: Self.metadataKey)
        for (name, record) in records { try container.encode(record, forKey: NameKey(stringValue: name)) }
    }
}

/// The number of keys in well-formed JSON: its colons outside strings.
private func keyCount(of json: [UInt8]) -> Int {
    var count = 0
    var isInString = false
    var isEscaped = false
    for byte in json {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = isInString
        } else if byte == UInt8(ascii: "\"") {
            isInString.toggle()
        } else if byte == UInt8(ascii: ":"), !isInString {
            count += 1
        }
    }
    return count
}
