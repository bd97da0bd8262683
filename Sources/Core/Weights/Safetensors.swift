/// The tensors of one weight file.
package struct WeightArchive: Sendable {
    /// Path of the file, for messages.
    package let file: String
    /// Every floating-point tensor, converted to single precision; all numbers are finite.
    package let tensors: [String: Tensor]
    /// Names of tensors of whole numbers, which are left out of `tensors`.
    package let ignored: [String]
    /// What the file says of itself.
    package let metadata: [String: String]
    /// SHA-256 of the file, in hexadecimal.
    package let sha256: String

    /// The tensors, for look-up by path and expected shape.
    package var scope: WeightScope { WeightScope(tensors, file: file) }
}

/// The safetensors format: the header's length as 8 bytes little-endian, a JSON header, then the tensors' bytes.
///
/// - SeeAlso: <https://huggingface.co/docs/safetensors>
package enum Safetensors {
    /// Reads a file. Half precision, bfloat16 and double precision become single precision; whole numbers are left out.
    ///
    /// Nothing in the header is believed: lengths, shapes and offsets are checked with overflow-reporting arithmetic
    /// before memory is allocated for a tensor, tensors must cover the file without gap or overlap, and no name may
    /// come twice.
    ///
    /// - Throws: `truncated`, `malformed`, `unsupportedType` or `notFinite`, and `unreadable` from the system.
    package static func read(path: String) throws(WeightsError) -> WeightArchive {
        var input = try WeightsInput(path: path)
        return try read(&input)
    }

    /// Reads a file that is already in memory; `file` names it in errors.
    package static func read(bytes: [UInt8], file: String) throws(WeightsError) -> WeightArchive {
        var input = WeightsInput(bytes: bytes, file: file)
        return try read(&input)
    }

    /// Finds the tensors of a file; only its header is read.
    ///
    /// - Throws: as ``read(path:)``, but `notFinite`, which only reading a tensor tells.
    static func open(_ bytes: WeightBytes) throws(WeightsError) -> WeightFile {
        let length = try SafetensorsHeader.length(try bytes.bytes(0..<8, section: "header length"), file: bytes.file)
        let header = try SafetensorsHeader(
            json: try bytes.bytes(8..<8 + length, section: "header"), file: bytes.file)
        var tensors: [String: StoredTensor] = [:]
        var ignored: [String] = []
        var position = 8 + length
        for entry in try header.layout(dataBytes: bytes.count - position, file: bytes.file) {
            if entry.type.isWhole {
                ignored.append(entry.name)
            } else {
                tensors[entry.name] = StoredTensor(
                    type: entry.type, shape: entry.shape, position: position,
                    span: entry.byteCount / entry.type.byteCount, view: nil)
            }
            position += entry.byteCount
        }
        return WeightFile(bytes: bytes, tensors: tensors, ignored: ignored, metadata: header.metadata ?? [:])
    }

    private static func read(_ input: inout WeightsInput) throws(WeightsError) -> WeightArchive {
        let header = try SafetensorsHeader(reading: &input)
        var tensors: [String: Tensor] = [:]
        var ignored: [String] = []
        for entry in try header.layout(dataBytes: input.remaining, file: input.file) {
            if case .whole = entry.type {
                _ = try input.bytes(entry.byteCount, section: entry.name)
                ignored.append(entry.name)
            } else {
                let values = try floats(entry, &input)
                tensors[entry.name] = Tensor(shape: entry.shape, values: values)
            }
        }
        return WeightArchive(
            file: input.file, tensors: tensors, ignored: ignored.sorted(), metadata: header.metadata ?? [:],
            sha256: input.sha256())
    }

    private static func floats(
        _ entry: SafetensorsHeader.Entry, _ input: inout WeightsInput
    ) throws(WeightsError) -> [Float] {
        var failure: WeightsError?
        let count = entry.byteCount / entry.type.byteCount
        let values = [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            do throws(WeightsError) {
                try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), entry, &input)
                initializedCount = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return values
    }

    /// Reads, hashes, converts and checks a tensor in pieces that stay in the processor's cache.
    private static func fill(
        _ values: UnsafeMutableBufferPointer<Float>, _ entry: SafetensorsHeader.Entry, _ input: inout WeightsInput
    ) throws(WeightsError) {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: min(entry.byteCount, 1 << 18), alignment: 16)
        defer { piece.deallocate() }
        var done = 0
        while done < values.count {
            let here = min(values.count - done, piece.count / entry.type.byteCount)
            let source = UnsafeMutableRawBufferPointer(rebasing: piece[..<(here * entry.type.byteCount)])
            let destination = UnsafeMutableBufferPointer(rebasing: values[done..<done + here])
            try input.read(into: source, section: entry.name)
            entry.type.decode(UnsafeRawBufferPointer(source), into: destination)
            if let index = firstNotFinite(UnsafeBufferPointer(destination)) {
                throw .notFinite(file: input.file, tensor: entry.name, index: done + index)
            }
            done += here
        }
    }
}
