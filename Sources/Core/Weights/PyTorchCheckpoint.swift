/// A state dict as `torch.save` writes it: the older form (pickles, then storages) and the zip form of PyTorch 1.6.
package enum PyTorchCheckpoint {
    /// What the older form begins with: a pickle of the number 0x1950a86a20f9469cfc6c.
    static let legacyMagic: [UInt8] = [
        0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]
    static let zipMagic: [UInt8] = [0x50, 0x4b, 3, 4]

    /// Where training scripts put the state dict when they save more than that.
    private static let wrappers = ["state_dict", "model_state_dict", "model", "image_adapter", "text_adapter"]

    /// Reads a checkpoint without running any of it. Tensors of whole numbers (`num_batches_tracked`) are left out.
    ///
    /// - Throws: `refused` for a pickle that asks for more than tensors, naming what; `truncated`, `malformed`,
    ///   `notFinite`; `unreadable` from the system. No memory is taken for a tensor whose numbers are not in the file.
    package static func read(path: String) throws(WeightsError) -> WeightArchive {
        try open(try WeightBytes(path: path)).archive()
    }

    /// Reads a file that is already in memory; `file` names it in errors.
    package static func read(bytes: [UInt8], file: String) throws(WeightsError) -> WeightArchive {
        try open(WeightBytes(bytes, file: file)).archive()
    }

    /// Finds the tensors of a checkpoint. Of the zip form no more is read than says where they are; the older form is read
    /// through for that.
    ///
    /// - Throws: as ``read(path:)``, but `notFinite`, which only reading a tensor tells.
    static func open(_ bytes: WeightBytes) throws(WeightsError) -> WeightFile {
        let file = bytes.file
        let beginning = try bytes.bytes(0..<min(zipMagic.count, bytes.count), section: "beginning")
        let (pickle, storages) = beginning == zipMagic ? try zipSections(bytes) : try legacySections(bytes)
        var table = StorageTable(storages, in: bytes)
        var tensors: [String: StoredTensor] = [:]
        var ignored: [String] = []
        for (name, value) in try stateDict(pickle, file) {
            guard case .tensor(let view) = value, !view.storage.type.isWhole else {
                ignored.append(name)
                continue
            }
            guard tensors[name] == nil else {
                throw .malformed(file: file, section: name, expected: "one tensor of that name", got: "two")
            }
            tensors[name] = try table.place(view, name: name)
        }
        return WeightFile(bytes: bytes, tensors: tensors, ignored: ignored)
    }

    private static func stateDict(
        _ pickle: Pickle, _ file: String
    ) throws(WeightsError) -> [(name: String, value: PickleValue)] {
        var root = pickle.root
        for wrapper in wrappers {
            if let inner = pickle.entries(root)?.first(where: { $0.key == .text(wrapper) })?.value,
                pickle.entries(inner) != nil
            {
                root = inner
                break
            }
        }
        guard let entries = pickle.entries(root) else {
            throw .malformed(file: file, section: "pickle", expected: "a state dict", got: "something else")
        }
        return entries.compactMap { entry in
            if case .text(let name) = entry.key { (name, entry.value) } else { nil }
        }
    }

    /// Pickles of the magic number, the version, the writer's machine, the state dict and the storages' keys; then each
    /// storage's number of elements and its bytes.
    private static func legacySections(_ source: WeightBytes) throws(WeightsError) -> (Pickle, [String: Range<Int>]) {
        let file = source.file
        let bytes = try source.bytes(0..<source.count, section: "file")
        guard bytes.starts(with: legacyMagic) else {
            throw .malformed(
                file: file, section: "beginning", expected: "a checkpoint of torch.save", got: "another kind of file")
        }
        var cursor = ByteCursor(bytes, file: file)
        _ = try cursor.skip(legacyMagic.count, "magic number")
        guard try Unpickler.read(&cursor).root == .integer(1001) else {
            throw cursor.malformed("version", expected: "1001", got: "another")
        }
        let machine = try Unpickler.read(&cursor)
        guard let little = machine.entries(machine.root)?.first(where: { $0.key == .text("little_endian") }),
            little.value == .bool(true)
        else { throw cursor.malformed("byte order", expected: "little-endian", got: "another") }
        let pickle = try Unpickler.read(&cursor)
        let keys = try Unpickler.read(&cursor)
        return (pickle, try legacyStorages(&cursor, keys: keys, pickle: pickle))
    }

    private static func legacyStorages(
        _ cursor: inout ByteCursor, keys: Pickle, pickle: Pickle
    ) throws(WeightsError) -> [String: Range<Int>] {
        let elementBytes = pickle.storageElementBytes
        var storages: [String: Range<Int>] = [:]
        for key in keys.items(keys.root) ?? [] {
            guard case .text(let name) = key, let elementBytes = elementBytes[name], storages[name] == nil else {
                throw cursor.malformed("storage keys", expected: "each storage of the state dict once", got: "\(key)")
            }
            let count = try cursor.integer(UInt64.self, "storage \(name)")
            let (size, overflow) = count.multipliedReportingOverflow(by: UInt64(elementBytes))
            storages[name] = try cursor.skip(overflow ? .max : Int(clamping: size), "storage \(name)")
        }
        guard cursor.remaining == 0 else {
            throw cursor.malformed("end", expected: "nothing after the storages", got: "\(cursor.remaining) bytes")
        }
        return storages
    }

    /// TorchScript's archives have the program beside the weights.
    private static func refuseProgram(_ entry: String, _ file: String) throws(WeightsError) {
        guard entry.contains("/code/") || entry.hasSuffix("/constants.pkl") else { return }
        throw .refused(
            file: file, section: entry,
            reason: "it is a TorchScript archive, a program and not only weights: load it in PyTorch and save its "
                + "state_dict(), or take OpenCLIP's or Hugging Face's file of the same model")
    }

    /// A zip archive of `<prefix>/data.pkl` and one entry a storage, `<prefix>/data/<key>`.
    private static func zipSections(_ bytes: WeightBytes) throws(WeightsError) -> (Pickle, [String: Range<Int>]) {
        let file = bytes.file
        let entries = try ZipDirectory.entries(bytes) { (name) throws(WeightsError) in
            try refuseProgram(name, file)
        }
        guard let (name, range) = entries.first(where: { $0.key.hasSuffix("/data.pkl") }) else {
            throw .malformed(file: file, section: "zip directory", expected: "an entry data.pkl", got: "none")
        }
        let prefix = String(name.dropLast("data.pkl".count))
        if let order = entries[prefix + "byteorder"] {
            guard try bytes.bytes(order, section: "byte order") == Array("little".utf8) else {
                throw .malformed(file: file, section: "byte order", expected: "little-endian", got: "another")
            }
        }
        var cursor = ByteCursor(try bytes.bytes(range, section: "pickle"), file: file)
        var storages: [String: Range<Int>] = [:]
        for (name, range) in entries where name.hasPrefix(prefix + "data/") {
            storages[String(name.dropFirst(prefix.count + "data/".count))] = range
        }
        return (try Unpickler.read(&cursor), storages)
    }
}
