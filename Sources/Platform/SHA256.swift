import CCrypto

/// SHA-256 (FIPS 180-4) of bytes that come in pieces of any size; libcrypto's, which knows the processor's instructions.
/// Used by one thread. Libcrypto fails here only without memory or without its own files: nothing to go on with.
package struct SHA256: ~Copyable {
    /// Bytes of a digest.
    package static let byteCount = 32

    private let context: OpaquePointer

    package init() {
        context = Self.newContext()
        precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256")
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "libcrypto refuses bytes")
    }

    /// The digest of all bytes so far, which more may follow.
    ///
    /// - Returns: ``byteCount`` bytes.
    package borrowing func finalize() -> [UInt8] {
        // Libcrypto's finish leaves a context that nothing can be added to.
        let copy = Self.newContext()
        defer { EVP_MD_CTX_free(copy) }
        return [UInt8](unsafeUninitializedCapacity: Self.byteCount) { digest, count in
            precondition(
                EVP_MD_CTX_copy_ex(copy, context) == 1 && EVP_DigestFinal_ex(copy, digest.baseAddress, nil) == 1,
                "libcrypto gives no digest")
            count = Self.byteCount
        }
    }

    /// The digest of bytes that are all there.
    ///
    /// - Returns: ``byteCount`` bytes.
    package static func digest(of bytes: some Collection<UInt8>) -> [UInt8] {
        var hash = SHA256()
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { hash.update(UnsafeRawBufferPointer($0)) }
        if isContiguous == nil { Array(bytes).withUnsafeBytes { hash.update($0) } }
        return hash.finalize()
    }

    private static func newContext() -> OpaquePointer {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest") }
        return context
    }
}
