package import Glibc

extension dirent {
    /// The bytes of the name in an entry as `readdir` gives it, which last as long as the entry.
    ///
    /// An entry is only as long as its name: `pointee.d_name` would copy 256 bytes, and behind the last entry there may be no memory.
    package static func name(in entry: UnsafePointer<dirent>) -> UnsafeBufferPointer<UInt8> {
        guard let name = entry.pointer(to: \.d_name) else { preconditionFailure("a dirent's name has a place") }
        let start = UnsafeRawPointer(name)
        return UnsafeBufferPointer(
            start: start.assumingMemoryBound(to: UInt8.self),
            count: strlen(start.assumingMemoryBound(to: CChar.self)))
    }
}
