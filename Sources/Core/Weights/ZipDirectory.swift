/// The entries of a zip archive whose contents are stored, not compressed, as `torch.save` writes it.
///
/// - SeeAlso: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
enum ZipDirectory {
    private static let endRecordBytes = 22

    /// Where each entry's contents lie.
    static func entries(_ bytes: [UInt8], file: String) throws(WeightsError) -> [String: Range<Int>] {
        let whole = ByteCursor(bytes, file: file)
        var end = whole.slice(try endRecord(bytes, file: file)..<bytes.count)
        _ = try end.skip(10, "zip end record")
        let count = try end.integer(UInt16.self, "zip end record")
        let directoryBytes = Int(try end.integer(UInt32.self, "zip end record"))
        let start = Int(try end.integer(UInt32.self, "zip end record"))
        var seeker = whole
        _ = try seeker.skip(start, "zip directory")
        var directory = whole.slice(try seeker.skip(directoryBytes, "zip directory"))
        var entries: [String: Range<Int>] = [:]
        for _ in 0..<count {
            let (name, range) = try entry(&directory, in: whole.slice(0..<start))
            guard entries.updateValue(range, forKey: name) == nil else {
                throw whole.malformed("zip directory", expected: "\(name) once", got: "twice")
            }
        }
        return entries
    }

    /// The end record is the last thing in the file but for a comment, whose length it says.
    private static func endRecord(_ bytes: [UInt8], file: String) throws(WeightsError) -> Int {
        let signature: [UInt8] = [0x50, 0x4b, 5, 6]
        let last = bytes.count - endRecordBytes
        for start in stride(from: last, through: max(0, last - Int(UInt16.max)), by: -1)
        where bytes[start..<start + 4].elementsEqual(signature) {
            let comment = Int(bytes[start + 20]) | Int(bytes[start + 21]) << 8
            if start + endRecordBytes + comment == bytes.count { return start }
        }
        throw .malformed(
            file: file, part: "zip end record", expected: "one at the end", got: "none: the file is cut short")
    }

    private static func entry(
        _ directory: inout ByteCursor, in contents: ByteCursor
    ) throws(WeightsError) -> (name: String, range: Range<Int>) {
        let part = "zip directory"
        guard try directory.integer(UInt32.self, part) == 0x0201_4b50 else {
            throw directory.malformed(part, expected: "an entry", got: "something else")
        }
        _ = try directory.skip(4, part)
        let isEncrypted = try directory.integer(UInt16.self, part) & 1 == 1
        let method = try directory.integer(UInt16.self, part)
        _ = try directory.skip(8, part)
        let stored = Int(try directory.integer(UInt32.self, part))
        let size = Int(try directory.integer(UInt32.self, part))
        let nameBytes = Int(try directory.integer(UInt16.self, part))
        let extraBytes = Int(try directory.integer(UInt16.self, part))
        let commentBytes = Int(try directory.integer(UInt16.self, part))
        _ = try directory.skip(8, part)
        let offset = Int(try directory.integer(UInt32.self, part))
        let name = try directory.text(nameBytes, part)
        _ = try directory.skip(extraBytes + commentBytes, part)
        guard method == 0, stored == size, !isEncrypted else {
            throw directory.malformed(name, expected: "an entry that is stored as it is", got: "a compressed one")
        }
        return (name, try contentRange(name, offset: offset, size: size, in: contents))
    }

    /// Steps over the entry's own header, whose name and padding may be longer than the directory's.
    private static func contentRange(
        _ name: String, offset: Int, size: Int, in contents: ByteCursor
    ) throws(WeightsError) -> Range<Int> {
        var cursor = contents
        _ = try cursor.skip(offset, name)
        guard try cursor.integer(UInt32.self, name) == 0x0403_4b50 else {
            throw cursor.malformed(name, expected: "a zip entry at byte \(offset)", got: "something else")
        }
        _ = try cursor.skip(22, name)
        let nameBytes = Int(try cursor.integer(UInt16.self, name))
        let extraBytes = Int(try cursor.integer(UInt16.self, name))
        _ = try cursor.skip(nameBytes + extraBytes, name)
        return try cursor.skip(size, name)
    }
}
