/// The tensors of a CLIP by the names of OpenCLIP's state dict, whichever layout their file has. Numbers are read at each
/// look-up.
struct CLIPTensors: TensorTable {
    fileprivate let weights: WeightFile
    private let places: [String: CLIPTensorPlace]
    /// Stored tensors that are not CLIP's, sorted.
    let leftOut: [String]

    /// - Throws: `malformed` when two stored tensors claim one name.
    init(_ weights: WeightFile) throws(WeightsError) {
        self.weights = weights
        var places: [String: CLIPTensorPlace] = [:]
        var leftOut = weights.ignored
        for stored in weights.tensors.keys.sorted() {
            guard let (name, place) = CLIPTensorPlace.of(stored) else {
                leftOut.append(stored)
                continue
            }
            guard let known = places[name] else {
                places[name] = place
                continue
            }
            guard let both = known.joined(with: place) else {
                throw .malformed(
                    file: weights.file, section: stored, expected: "one tensor that is \(name)", got: "two")
            }
            places[name] = both
        }
        self.places = places.filter { $1.isWhole }
        self.leftOut = leftOut.sorted()
    }

    var file: String { weights.file }

    /// Whether this is a CLIP at all, and not another network.
    var isCLIP: Bool { places["visual.conv1.weight"] != nil || places["token_embedding.weight"] != nil }

    /// The logarithm of the inverse temperature that the model was trained with; most files have it.
    static let temperature = "logit_scale"

    func shape(of name: String) -> [Int]? {
        guard let place = places[name] else { return nil }
        let shapes = place.stored.compactMap { weights.tensors[$0]?.shape }
        guard let first = shapes.first, case .joined = place else {
            return place.isTransposed ? shapes.first?.reversed() : shapes.first
        }
        guard !first.isEmpty, shapes.allSatisfy({ $0.dropFirst() == first.dropFirst() && !$0.isEmpty }) else {
            return nil
        }
        return [shapes.map { $0[0] }.reduce(0, +)] + first.dropFirst()
    }

    func tensor(_ name: String) throws(WeightsError) -> Tensor? {
        guard let place = places[name], let shape = shape(of: name) else { return nil }
        switch place {
        case .stored(let stored): return try weights.tensor(stored)
        case .transposed(let stored):
            let tensor = try weights.tensor(stored)
            guard tensor.shape.count == 2 else { return nil }
            let matrix = Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values)
            return Tensor(shape: shape, values: matrix.transposed().values)
        case .joined(let thirds):
            var values: [Float] = []
            values.reserveCapacity(shape.reduce(1, *))
            for index in thirds.keys.sorted() {
                guard let third = thirds[index] else { continue }
                values += try weights.tensor(third).values
            }
            return Tensor(shape: shape, values: values)
        }
    }

    /// How the numbers of a tensor are stored.
    func type(of name: String) -> ElementType? {
        places[name]?.stored.first.flatMap { weights.tensors[$0]?.type }
    }

    /// Holds the file against what its configuration says.
    ///
    /// - Parameter source: names the configuration in errors.
    /// - Throws: `unlikeConfiguration` with the first tensor that is missing, has another shape, or is one too many.
    func check(_ configuration: CLIPConfiguration, from source: String) throws(WeightsError) {
        let expected = configuration.expectedTensors(.all)
        for (name, shape) in expected.sorted(by: { $0.key < $1.key }) {
            let got = self.shape(of: name)
            guard got == shape else {
                throw .unlikeConfiguration(
                    file: file, tensor: name, configuration: source, expected: shape, got: got)
            }
        }
        let surplus = places.keys.filter { expected[$0] == nil && $0 != Self.temperature }
        if let name = surplus.min() {
            throw .unlikeConfiguration(
                file: file, tensor: name, configuration: source, expected: nil, got: shape(of: name))
        }
    }
}

/// Where the numbers of one of OpenCLIP's tensors are.
enum CLIPTensorPlace: Sendable {
    case stored(String)
    /// A linear layer's weight, `[outputs, inputs]`, where OpenCLIP has a matrix `[inputs, outputs]`.
    case transposed(String)
    /// Query, key and value of attention (0, 1, 2), below each other in OpenCLIP's tensor.
    case joined([Int: String])

    var stored: [String] {
        switch self {
        case .stored(let name), .transposed(let name): [name]
        case .joined(let thirds): thirds.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    var isTransposed: Bool { if case .transposed = self { true } else { false } }

    /// Whether none of the thirds is missing.
    var isWhole: Bool { if case .joined(let thirds) = self { thirds.count == 3 } else { true } }

    /// nil when they are the same thing twice.
    func joined(with other: CLIPTensorPlace) -> CLIPTensorPlace? {
        guard case .joined(let mine) = self, case .joined(let others) = other,
            Set(mine.keys).isDisjoint(with: others.keys)
        else { return nil }
        return .joined(mine.merging(others) { mine, _ in mine })
    }
}

extension CLIPTensors {
    func sha256() throws(WeightsError) -> String { try weights.bytes.sha256() }

    /// The tensors of some towers, for look-up; the others are as if they were not there.
    func scope(_ towers: CLIPTowers, of configuration: CLIPConfiguration) -> WeightScope {
        let names = Set(configuration.expectedTensors(towers).keys)
        return WeightScope(TowerTensors(tensors: self, names: names), file: file)
    }

    private struct TowerTensors: TensorTable {
        let tensors: CLIPTensors
        let names: Set<String>

        func shape(of name: String) -> [Int]? { names.contains(name) ? tensors.shape(of: name) : nil }
        func tensor(_ name: String) throws(WeightsError) -> Tensor? {
            names.contains(name) ? try tensors.tensor(name) : nil
        }
    }
}
