/// The entries of a zip archive whose contents are stored, not compressed, as `torch.save` writes it.
///
/// - SeeAlso: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
enum ZipDirectory {
    private static let endRecordBytes = 22
    /// A directory of this size has about 500,000 entries.
    private static let maximumDirectoryBytes = 64 << 20

    /// Where each entry's contents lie. Only the directory and the entries' headers are read.
    ///
    /// - Parameter check: throws at a name that the archive must not have.
    static func entries(
        _ bytes: WeightBytes, check: (String) throws(WeightsError) -> Void
    ) throws(WeightsError) -> [String: Range<Int>] {
        let section = "zip directory"
        var end = try endRecord(bytes)
        _ = try end.skip(10, "zip end record")
        let count = try end.integer(UInt16.self, "zip end record")
        let size = Int(try end.integer(UInt32.self, "zip end record"))
        let start = Int(try end.integer(UInt32.self, "zip end record"))
        guard start < UInt32.max, size <= maximumDirectoryBytes else {
            throw .malformed(
                file: bytes.file, section: section, expected: "an archive of less than 4 GiB",
                got: "a larger one: save the weights as safetensors")
        }
        var directory = ByteCursor(try bytes.bytes(start..<start + size, section: section), file: bytes.file)
        var entries: [String: Range<Int>] = [:]
        for _ in 0..<count {
            let (name, range) = try entry(&directory, in: bytes, before: start, check)
            guard entries.updateValue(range, forKey: name) == nil else {
                throw directory.malformed(section, expected: "\(name) once", got: "twice")
            }
        }
        return entries
    }

    /// The end record is the last thing in the file but for a comment, whose length it says.
    private static func endRecord(_ source: WeightBytes) throws(WeightsError) -> ByteCursor {
        let signature: [UInt8] = [0x50, 0x4b, 5, 6]
        let tail = max(0, source.count - endRecordBytes - Int(UInt16.max))
        let bytes = try source.bytes(tail..<source.count, section: "zip end record")
        for start in stride(from: bytes.count - endRecordBytes, through: 0, by: -1)
        where bytes[start..<start + 4].elementsEqual(signature) {
            let comment = Int(bytes[start + 20]) | Int(bytes[start + 21]) << 8
            if start + endRecordBytes + comment == bytes.count {
                return ByteCursor(Array(bytes[start...]), file: source.file)
            }
        }
        throw .malformed(
            file: source.file, section: "zip end record", expected: "one at the end", got: "none: the file is cut short"
        )
    }

    private static func entry(
        _ directory: inout ByteCursor, in contents: WeightBytes, before end: Int,
        _ check: (String) throws(WeightsError) -> Void
    ) throws(WeightsError) -> (name: String, range: Range<Int>) {
        let section = "zip directory"
        guard try directory.integer(UInt32.self, section) == 0x0201_4b50 else {
            throw directory.malformed(section, expected: "an entry", got: "something else")
        }
        _ = try directory.skip(4, section)
        let isEncrypted = try directory.integer(UInt16.self, section) & 1 == 1
        let method = try directory.integer(UInt16.self, section)
        _ = try directory.skip(8, section)
        let stored = Int(try directory.integer(UInt32.self, section))
        let size = Int(try directory.integer(UInt32.self, section))
        let nameBytes = Int(try directory.integer(UInt16.self, section))
        let extraBytes = Int(try directory.integer(UInt16.self, section))
        let commentBytes = Int(try directory.integer(UInt16.self, section))
        _ = try directory.skip(8, section)
        let offset = Int(try directory.integer(UInt32.self, section))
        let name = try directory.text(nameBytes, section)
        _ = try directory.skip(extraBytes + commentBytes, section)
        try check(name)
        guard method == 0, stored == size, !isEncrypted else {
            throw directory.malformed(name, expected: "an entry that is stored as it is", got: "a compressed one")
        }
        return (name, try contentRange(name, offset: offset, size: size, in: contents, before: end))
    }

    /// Steps over the entry's own header, whose name and padding may be longer than the directory's.
    private static func contentRange(
        _ name: String, offset: Int, size: Int, in contents: WeightBytes, before end: Int
    ) throws(WeightsError) -> Range<Int> {
        let headerBytes = 30
        var header = ByteCursor(try contents.bytes(offset..<offset + headerBytes, section: name), file: contents.file)
        guard try header.integer(UInt32.self, name) == 0x0403_4b50 else {
            throw header.malformed(name, expected: "a zip entry at byte \(offset)", got: "something else")
        }
        _ = try header.skip(22, name)
        let nameBytes = Int(try header.integer(UInt16.self, name))
        let extraBytes = Int(try header.integer(UInt16.self, name))
        let start = offset + headerBytes + nameBytes + extraBytes
        guard start <= end, size <= end - start else {
            throw .truncated(file: contents.file, section: name, expectedBytes: size, gotBytes: max(0, end - start))
        }
        return start..<start + size
    }
}
