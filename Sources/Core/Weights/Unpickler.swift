/// Reads pickles of protocol 2 as `torch.save` writes them. Runs nothing: globals other than ``PickleGlobal`` and opcodes
/// that a state dict does not need are refused by name.
///
/// - SeeAlso: CPython's `pickletools.py` for what the opcodes do.
struct Unpickler {
    /// The state dict of a network of 5,000 tensors takes about 400,000 steps.
    private static let maximumSteps = 4_000_000

    private var cursor: ByteCursor
    private var pickle = Pickle()
    private var stack: [PickleValue] = []
    /// Heights of the stack at the marks.
    private var marks: [Int] = []
    private var memo: [UInt32: PickleValue] = [:]

    /// Reads one pickle and steps over it.
    static func read(_ cursor: inout ByteCursor) throws(WeightsError) -> Pickle {
        var unpickler = Unpickler(cursor: cursor)
        for _ in 0..<maximumSteps {
            if try unpickler.step() {
                cursor = unpickler.cursor
                return unpickler.pickle
            }
        }
        throw .refused(file: cursor.file, section: "pickle", reason: "it takes more than \(maximumSteps) steps")
    }

    private init(cursor: ByteCursor) { self.cursor = cursor }

    /// Does one opcode; true at the end.
    private mutating func step() throws(WeightsError) -> Bool {
        let code = try cursor.byte("pickle")
        guard let opcode = PickleOpcode(rawValue: code) else {
            throw refused("opcode \(code) at byte \(cursor.position - 1) has no place in a state dict")
        }
        switch opcode {
        case .proto: try expectProtocol2()
        case .stop:
            pickle.root = try pop()
            return true
        case .mark: marks.append(stack.count)
        case .none: stack.append(.none)
        case .newTrue: stack.append(.bool(true))
        case .newFalse: stack.append(.bool(false))
        case .binInt: stack.append(.integer(Int(try cursor.integer(Int32.self, "pickle"))))
        case .binInt1: stack.append(.integer(Int(try cursor.byte("pickle"))))
        case .binInt2: stack.append(.integer(Int(try cursor.integer(UInt16.self, "pickle"))))
        case .long1: stack.append(.integer(try longInteger()))
        case .binFloat:
            stack.append(.number(Double(bitPattern: try cursor.integer(UInt64.self, "pickle").byteSwapped)))
        case .binUnicode:
            let count = Int(try cursor.integer(UInt32.self, "pickle"))
            stack.append(.text(try cursor.text(count, "pickle")))
        case .emptyTuple, .emptyList: push(sequence: [])
        case .tuple1: push(sequence: try pop(1))
        case .tuple2: push(sequence: try pop(2))
        case .tuple3: push(sequence: try pop(3))
        case .tuple: push(sequence: try popToMark())
        case .append: try append([try pop()])
        case .appends: try append(try popToMark())
        case .emptyDict: pushDictionary()
        case .setItem: try setItems(try pop(2))
        case .setItems: try setItems(try popToMark())
        case .global: try pushGlobal()
        case .reduce: try reduce()
        case .build: try build()
        case .binPersID: try pushStorage()
        case .binPut: memo[UInt32(try cursor.byte("pickle"))] = try top()
        case .longBinPut: memo[try cursor.integer(UInt32.self, "pickle")] = try top()
        case .binGet: try recall(UInt32(try cursor.byte("pickle")))
        case .longBinGet: try recall(try cursor.integer(UInt32.self, "pickle"))
        }
        return false
    }

    private mutating func expectProtocol2() throws(WeightsError) {
        let version = try cursor.byte("pickle")
        guard version == 2 else { throw malformed(expected: "protocol 2", got: "protocol \(version)") }
    }

    private mutating func longInteger() throws(WeightsError) -> Int {
        let range = try cursor.skip(Int(try cursor.byte("pickle")), "pickle")
        guard range.count <= 8 else { throw malformed(expected: "a number of 64 bits", got: "\(range.count) bytes") }
        guard let last = range.last else { return 0 }
        let sign = cursor.bytes[last] >= 0x80 ? -1 : 0
        return range.reversed().reduce(sign) { $0 << 8 | Int(cursor.bytes[$1]) }
    }

    private mutating func pushGlobal() throws(WeightsError) {
        let module = try cursor.line("pickle")
        let name = try cursor.line("pickle")
        guard let global = PickleGlobal(module: module, name: name) else {
            throw refused("it names \(module).\(name), which no state dict needs")
        }
        stack.append(.global(global))
    }
}

// The stack.
extension Unpickler {
    private mutating func pop() throws(WeightsError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private func top() throws(WeightsError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw malformed(expected: "a value on the stack", got: "none")
        }
        return value
    }

    private mutating func pop(_ count: Int) throws(WeightsError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else {
            throw malformed(expected: "\(count) values on the stack", got: "fewer")
        }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(WeightsError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw malformed(expected: "a mark on the stack", got: "none") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private mutating func push(sequence: [PickleValue]) {
        stack.append(.sequence(pickle.sequences.count))
        pickle.sequences.append(sequence)
    }

    private mutating func pushDictionary() {
        stack.append(.dictionary(pickle.dictionaries.count))
        pickle.dictionaries.append([])
    }

    private mutating func recall(_ index: UInt32) throws(WeightsError) {
        guard let value = memo[index] else { throw malformed(expected: "memo \(index) to be set", got: "nothing") }
        stack.append(value)
    }

    private mutating func append(_ items: [PickleValue]) throws(WeightsError) {
        guard case .sequence(let index) = try top() else { throw malformed(expected: "a list", got: "\(try top())") }
        pickle.sequences[index].append(contentsOf: items)
    }

    private mutating func setItems(_ items: [PickleValue]) throws(WeightsError) {
        guard case .dictionary(let index) = try top(), items.count.isMultiple(of: 2) else {
            throw malformed(expected: "a dictionary and pairs for it", got: "something else")
        }
        for pair in stride(from: 0, to: items.count, by: 2) {
            pickle.dictionaries[index].append((items[pair], items[pair + 1]))
        }
    }
}

// The objects of PyTorch.
extension Unpickler {
    /// What REDUCE would do by calling a function.
    private mutating func reduce() throws(WeightsError) {
        let operands = try pop(2)
        guard case .global(let global) = operands[0], let arguments = pickle.items(operands[1]) else {
            throw malformed(expected: "a function and its arguments", got: "something else")
        }
        switch global {
        case .orderedDictionary where arguments.isEmpty: pushDictionary()
        case .rebuildTensor: stack.append(.tensor(try tensor(arguments)))
        case .rebuildParameter:
            guard let value = arguments.first, case .tensor = value else {
                throw malformed(expected: "a tensor in a parameter", got: "something else")
            }
            stack.append(value)
        case .orderedDictionary, .storage:
            throw refused("it builds an object of its own out of arguments")
        }
    }

    /// BUILD sets attributes. A state dict has one, the modules' versions, which no reader needs.
    private mutating func build() throws(WeightsError) {
        _ = try pop()
        guard case .dictionary = try top() else {
            throw refused("it sets attributes of something else than a dictionary")
        }
    }

    /// BINPERSID names a storage: ('storage', class, key, device, number of elements), in the older form also a view.
    private mutating func pushStorage() throws(WeightsError) {
        let items = pickle.items(try pop()) ?? []
        guard items.count == 5 || items.count == 6 && items[5] == .none, items[0] == .text("storage"),
            case .global(.storage(let type)) = items[1], case .text(let key) = items[2],
            case .integer(let count) = items[4], count >= 0
        else { throw malformed(expected: "a storage", got: "another kind of reference") }
        stack.append(.storage(PickledStorage(key: key, type: type, count: count)))
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`.
    private func tensor(_ arguments: [PickleValue]) throws(WeightsError) -> PickledTensor {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
            let shape = pickle.integers(arguments[2]), let strides = pickle.integers(arguments[3])
        else { throw malformed(expected: "storage, offset, shape and strides of a tensor", got: "something else") }
        return PickledTensor(storage: storage, offset: offset, shape: shape, strides: strides)
    }

    private func malformed(expected: String, got: String) -> WeightsError {
        cursor.malformed("pickle at byte \(cursor.position)", expected: expected, got: got)
    }

    private func refused(_ reason: String) -> WeightsError {
        .refused(file: cursor.file, section: "pickle", reason: reason)
    }
}
