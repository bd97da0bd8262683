/// A document with the SHA-256 of all before it as its last line, so that a change of any byte shows when it is read:
///
///     {"generation":3}
///     {"sha256":"9f86d081884c7d65..."}
///
/// The last line is JSON, too, for programs that read a document of JSON values one after the other. It is no signature: whoever
/// may write the file can seal it.
package enum Seal {
    /// What a document turns out to be.
    package enum Finding: Equatable, Sendable {
        /// As it was sealed; without the last line.
        case sound([UInt8])
        /// Changed since.
        case broken
        /// It has no such last line: written before there were seals, cut, or not ours. `sha256` is that of all its bytes, in
        /// lower-case hexadecimal.
        case missing(sha256: String)
    }

    private static let start = Array(#"{"sha256":""#.utf8)
    private static let end = Array("\"}\n".utf8)
    private static let lineBytes = start.count + 2 * SHA256.byteCount + end.count

    package static func sealed(_ content: [UInt8]) -> [UInt8] {
        let body = content + [UInt8(ascii: "\n")]
        return body + start + hexadecimal(SHA256.digest(of: body)).utf8 + end
    }

    package static func open(_ bytes: [UInt8]) -> Finding {
        let (body, line) = (bytes.dropLast(lineBytes), bytes.suffix(lineBytes))
        guard line.count == lineBytes, line.starts(with: start), line.suffix(end.count).elementsEqual(end),
            body.last == UInt8(ascii: "\n")
        else { return .missing(sha256: hexadecimal(SHA256.digest(of: bytes))) }
        let digest = hexadecimal(SHA256.digest(of: body))
        guard line.dropFirst(start.count).starts(with: digest.utf8) else { return .broken }
        return .sound(Array(body.dropLast()))
    }
}
