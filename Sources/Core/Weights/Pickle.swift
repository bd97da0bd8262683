/// What a pickled state dict consists of.
///
/// Lists and dictionaries are numbers into ``Pickle``'s arrays: nothing nests, so no depth of a hostile file can exhaust
/// the stack, and an object that is mentioned twice costs nothing.
enum PickleValue: Equatable {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    /// A tuple or a list.
    case sequence(Int)
    case dictionary(Int)
    case global(PickleGlobal)
    case storage(PickledStorage)
    case tensor(PickledTensor)
}

/// The only functions and classes that a pickle may name. They are recognised, never called.
enum PickleGlobal: Equatable {
    case orderedDictionary
    case rebuildTensor
    case rebuildParameter
    case storage(ElementType)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", "FloatStorage"): self = .storage(.float32)
        case ("torch", "HalfStorage"): self = .storage(.float16)
        case ("torch", "BFloat16Storage"): self = .storage(.bfloat16)
        case ("torch", "DoubleStorage"): self = .storage(.float64)
        case ("torch", "LongStorage"): self = .storage(.whole(byteCount: 8))
        case ("torch", "IntStorage"): self = .storage(.whole(byteCount: 4))
        case ("torch", "ShortStorage"): self = .storage(.whole(byteCount: 2))
        case ("torch", "CharStorage"), ("torch", "ByteStorage"), ("torch", "BoolStorage"):
            self = .storage(.whole(byteCount: 1))
        default: return nil
        }
    }
}

/// A block of numbers that lies elsewhere in the checkpoint.
struct PickledStorage: Equatable {
    let key: String
    let type: ElementType
    /// The number of elements.
    let count: Int
}

/// A view of a storage. Nothing about it has been checked.
struct PickledTensor: Equatable {
    let storage: PickledStorage
    let offset: Int
    let shape: [Int]
    let strides: [Int]
}

/// A pickle that has been read.
struct Pickle {
    var root = PickleValue.none
    var sequences: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []

    /// The entries of a dictionary, in order; nil for another kind of value.
    func entries(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
        guard case .dictionary(let index) = value else { return nil }
        return dictionaries[index]
    }

    func items(_ value: PickleValue) -> [PickleValue]? {
        guard case .sequence(let index) = value else { return nil }
        return sequences[index]
    }

    func integers(_ value: PickleValue) -> [Int]? {
        guard let items = items(value) else { return nil }
        let integers = items.compactMap { if case .integer(let integer) = $0 { integer } else { nil } }
        return integers.count == items.count ? integers : nil
    }
}
