import Glibc

/// The C library's words for an error number.
package enum ErrnoText {
    package static func describe(_ code: CInt) -> String {
        // The GNU C library's text is per thread since 2.32.
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}
