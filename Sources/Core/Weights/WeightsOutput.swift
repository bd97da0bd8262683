import Platform

/// A file that appears whole or not at all, and its SHA-256.
struct WeightsOutput: ~Copyable {
    private let path: String
    private var file: ReplacementFile
    private var hash = SHA256()

    /// - Parameter path: where the file will be; replaced when it exists.
    init(replacing path: String) throws(WeightsError) {
        self.path = path
        do throws(DiskError) {
            // Weights are for everybody whom the folder lets in, also when they were fetched by a careful root.
            file = try ReplacementFile(path, mode: 0o644)
        } catch {
            throw .unwritable(file: path, reason: ErrnoText.describe(error.errno))
        }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        do throws(DiskError) {
            try file.append(bytes)
        } catch {
            throw .unwritable(file: path, reason: ErrnoText.describe(error.errno))
        }
        hash.update(bytes)
    }

    mutating func write(_ bytes: [UInt8]) throws(WeightsError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(WeightsError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    /// Puts the file in its place.
    ///
    /// - Returns: SHA-256 of the file, in hexadecimal.
    mutating func finish() throws(WeightsError) -> String {
        do throws(DiskError) {
            try file.finish()
        } catch {
            throw .unwritable(file: path, reason: ErrnoText.describe(error.errno))
        }
        return hexadecimal(hash.finalize())
    }
}
