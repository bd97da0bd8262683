import CSystemd
import Glibc

/// One entry of the system's journal with fields of its own (sd_journal_sendv(3)), to ask for as
/// `journalctl FSAC_VERDICT=NG`.
///
/// A field's value may have any bytes, line ends, too: it is sent with its length.
package struct JournalEntry: Sendable {
    /// syslog(3)'s numbers.
    enum Priority: Int, Sendable {
        case error = 3
        case warning
        case notice
        case info
        case debug
    }

    /// All fields one after the other, `NAME=value`; `ends` says where each of them does.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(_ priority: Priority, _ message: String) {
        add("MESSAGE", message)
        add("PRIORITY", "\(priority.rawValue)")
        add("SYSLOG_IDENTIFIER", "fsacd")
    }

    /// - Parameter name: written as `FSAC_` and its letters and digits in upper case, others as `_`.
    mutating func addField(_ name: String, _ value: String) {
        add("FSAC_" + String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }), value)
    }

    private mutating func add(_ name: String, _ value: String) {
        bytes += Array("\(name)=\(value)".utf8)
        ends.append(bytes.count)
    }

    /// The fields as they are sent.
    package var fields: [String] {
        zip([0] + ends, ends).map { String(decoding: bytes[$0..<$1], as: UTF8.self) }
    }

    /// May block while the journal takes nothing: on ``JournalQueue``'s thread only.
    func send() {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            let vectors = zip([0] + ends, ends).map { iovec(iov_base: start + $0, iov_len: $1 - $0) }
            // A journal that takes nothing has nobody who reads it: the record is ours, below the state directory.
            _ = sd_journal_sendv(vectors, CInt(vectors.count))
        }
    }
}
