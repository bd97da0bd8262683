/// Where the numbers of a tensor lie in a file, and how.
struct StoredTensor: Sendable {
    let type: ElementType
    let shape: [Int]
    /// Of the first byte, from the beginning of the file.
    let position: Int
    /// Elements from the first to the last that is used, both included.
    let span: Int
    /// Which of these elements belong to the tensor, and in which order; nil: all of them, row-major.
    let view: PickledTensor?

    /// - Throws: `notFinite`, and `truncated` when the file shrank since it was opened.
    func read(from bytes: WeightBytes, name: String) throws(WeightsError) -> Tensor {
        let stored = try floats(from: bytes, name: name)
        guard let view else { return Tensor(shape: shape, values: stored) }
        return Tensor(shape: shape, values: view.gather(stored, count: shape.reduce(1, *)))
    }

    private func floats(from bytes: WeightBytes, name: String) throws(WeightsError) -> [Float] {
        var failure: WeightsError?
        let values = [Float](unsafeUninitializedCapacity: span) { buffer, initializedCount in
            do throws(WeightsError) {
                try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<span]), from: bytes, name: name)
                initializedCount = span
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return values
    }

    /// Reads, converts and checks in pieces that stay in the processor's cache.
    private func fill(
        _ values: UnsafeMutableBufferPointer<Float>, from bytes: WeightBytes, name: String
    ) throws(WeightsError) {
        let size = min(max(span, 1) * type.byteCount, 1 << 18)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { piece.deallocate() }
        var done = 0
        while done < values.count {
            let here = min(values.count - done, piece.count / type.byteCount)
            let source = UnsafeMutableRawBufferPointer(rebasing: piece[..<(here * type.byteCount)])
            let destination = UnsafeMutableBufferPointer(rebasing: values[done..<done + here])
            try bytes.read(at: position + done * type.byteCount, into: source, section: name)
            type.decode(UnsafeRawBufferPointer(source), into: destination)
            if let index = firstNotFinite(UnsafeBufferPointer(destination)) {
                throw .notFinite(file: bytes.file, tensor: name, index: done + index)
            }
            done += here
        }
    }
}

/// The storages of a checkpoint, in which its tensors are views.
struct StorageTable {
    let file: String
    /// Where each storage's bytes lie.
    let storages: [String: Range<Int>]
    /// Elements that may still be made. Views may repeat a storage, so this bounds them by the size of the file.
    private var remainingElements: Int

    init(_ storages: [String: Range<Int>], in bytes: WeightBytes) {
        file = bytes.file
        self.storages = storages
        remainingElements = bytes.count / 2
    }

    /// Finds a view's numbers and checks that they are there.
    mutating func place(_ view: PickledTensor, name: String) throws(WeightsError) -> StoredTensor {
        let type = view.storage.type
        guard let storage = storages[view.storage.key], storage.count / type.byteCount >= view.storage.count else {
            throw .malformed(
                file: file, section: name, expected: "storage \(view.storage.key) of \(view.storage.count) elements",
                got: "\(storages[view.storage.key].map { $0.count / type.byteCount } ?? 0)")
        }
        guard let count = checkedElementCount(view.shape), count <= remainingElements,
            let span = view.checkedSpan, span <= view.storage.count, view.offset <= view.storage.count - span
        else {
            throw .malformed(
                file: file, section: name, expected: "a view of \(view.storage.count) stored elements",
                got: "\(view.shape) with strides \(view.strides) from \(view.offset) on")
        }
        remainingElements -= count
        return StoredTensor(
            type: type, shape: view.shape, position: storage.lowerBound + view.offset * type.byteCount, span: span,
            view: view.isContiguous ? nil : view)
    }
}
