package import Glibc
import Platform

/// A password or a key in a file of its own: it is in no configuration, no command line and no log.
enum SecretFile {
    /// The file's text without the line's end.
    ///
    /// - Throws: when others than its owner and its group may read it, or others than its owner may write it; when it is empty.
    static func read(_ path: String) throws(SecretError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try Disk().read(path)
        } catch {
            throw .unreadable(path: path, reason: ErrnoText.describe(error.errno))
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unreadable(path: path, reason: ErrnoText.describe(errno)) }
        guard status.st_mode & 0o027 == 0 else { throw .open(path: path, mode: status.st_mode & 0o777) }
        var text = bytes[...]
        if text.last == UInt8(ascii: "\n") { text = text.dropLast() }
        if text.last == UInt8(ascii: "\r") { text = text.dropLast() }
        guard (1...1024).contains(text.count), !text.contains(0), let secret = String(validating: text, as: UTF8.self)
        else { throw .unreadable(path: path, reason: "expected one line of UTF-8 text, 1 to 1024 bytes") }
        return secret
    }
}

package enum SecretError: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case open(path: String, mode: mode_t)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .open(let path, let mode):
            "\(path): expected a file that only its owner and group may read, got mode \(String(mode, radix: 8)): "
                + "chown root:fsac-gateway and chmod 640"
        }
    }
}
