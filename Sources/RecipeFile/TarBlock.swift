/// Blocks of the tar format (POSIX.1-1988 ustar), of which a recipe file is made: `tar tvf FILE` shows what is in it, `tar xf` unpacks
/// it. Only regular files, and of each header exactly the form that is written here: nothing else can be told by one.
///
/// - SeeAlso: <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html>
enum TarBlock {
    static let byteCount = 512
    /// Two blocks of zeros.
    static let end = [UInt8](repeating: 0, count: 2 * byteCount)
    /// The earliest time that every file system has, 1980-01-01: when the file was made stands in the manifest.
    private static let time = 315_532_800

    /// The header of a member.
    ///
    /// - Parameters:
    ///   - name: with its folder, at most 100 bytes.
    ///   - size: of its content, below 8 GiB.
    static func header(_ name: String, size: Int) -> [UInt8] {
        precondition(name.utf8.count <= 100 && (0..<1 << 33).contains(size), "tar: \(name) of \(size) bytes")
        var block = [UInt8](repeating: 0, count: byteCount)
        func put(_ text: some Sequence<UInt8>, at start: Int) {
            for (place, byte) in zip(start..., text) { block[place] = byte }
        }
        put(name.utf8, at: 0)
        put("0000644".utf8, at: 100)
        put("0000000".utf8, at: 108)
        put("0000000".utf8, at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(time, digits: 11), at: 136)
        put("0".utf8, at: 156)
        put("ustar\u{0}00".utf8, at: 257)
        // Its own field counts as blanks.
        let sum = block.reduce(8 * Int(UInt8(ascii: " "))) { $0 + Int($1) }
        put(octal(sum, digits: 6) + [0, UInt8(ascii: " ")], at: 148)
        return block
    }

    /// Of a header that may be anything; nil = it is not the one that this name has.
    static func size(in block: [UInt8], of name: String) -> Int? {
        guard let size = Int(String(decoding: block[124..<135], as: UTF8.self), radix: 8), size >= 0,
            block == header(name, size: size)
        else { return nil }
        return size
    }

    /// With the zeros that fill its last block.
    static func padded(_ count: Int) -> Int { (count + byteCount - 1) / byteCount * byteCount }

    private static func octal(_ number: Int, digits: Int) -> [UInt8] {
        let text = String(number, radix: 8)
        return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
    }
}
