import Glibc

/// The C library's words for an error number.
package enum ErrnoText {
    package static func describe(_ code: CInt) -> String {
        // The GNU C library's text is per thread since 2.32.
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }

    /// Whether the same call may succeed later without anybody changing who may do what where: the disk is full, fails
    /// or was mounted for reading after an error, or the system is short of something.
    package static func mayPass(_ code: CInt) -> Bool {
        switch code {
        case EIO, EROFS, ENOSPC, EDQUOT, ESTALE, ENXIO, ENODEV, ETIMEDOUT, EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN,
            EINTR, EBUSY:
            true
        default: false
        }
    }
}
