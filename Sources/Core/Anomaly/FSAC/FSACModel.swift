// N rows, C width.

/// An FSAC network with its numbers: what training leaves, and what scores.
struct FSACModel: Sendable {
    let network: FSACNetwork
    let parameters: Storage
    let input: FSACInput
    /// What the network makes of its anchors.
    private let anchors: FSACNetwork.Anchors

    init(network: FSACNetwork, parameters: Storage, input: FSACInput) {
        self.network = network
        self.parameters = parameters
        self.input = input
        anchors = network.anchors(parameters, .serial)
    }

    /// C.
    var width: Int { network.layout.width }

    /// See ``FSACNetwork/margins(of:_:_:_:)``.
    ///
    /// - Parameter embeddings: `[N, C]`.
    func margins(of embeddings: Matrix, _ parallelism: Parallelism) -> [Float] {
        precondition(embeddings.columns == width, "fsac: width \(embeddings.columns) for \(width)")
        return network.margins(of: input.prepared(embeddings), anchors, parameters, parallelism)
    }

    /// The derivatives of an embedding's margin by the embedding, `[C]`.
    func marginGradient(at embedding: [Float], _ parallelism: Parallelism) -> [Float] {
        let prepared = input.prepared(Matrix(rows: 1, columns: width, values: embedding))
        return network.marginGradient(at: prepared, anchors, parameters, parallelism).values.map { $0 * input.scale }
    }

    /// All numbers, by name.
    var tensors: [String: Tensor] {
        var result = parameters.tensors(at: network.layout.places)
        result["centre"] = Tensor(shape: [width], values: input.centre)
        result["scale"] = Tensor(shape: [1], values: [input.scale])
        return result
    }

    /// - Parameter form: of the network, by its width.
    /// - Throws: `DamagedSection`: a tensor is missing or has another shape than the form says, or a number is not finite.
    init(tensors: [String: Tensor], form: (_ width: Int) -> FSACForm) throws(DamagedSection) {
        guard let centre = tensors["centre"], centre.shape.count == 1, (1...65_536).contains(centre.shape[0]) else {
            throw DamagedSection(
                section: "centre", expected: "[C]", got: tensors["centre"].map { "\($0.shape)" } ?? "none")
        }
        func checked(_ name: String, _ shape: [Int]) throws(DamagedSection) -> [Float] {
            guard let tensor = tensors[name], tensor.shape == shape else {
                throw DamagedSection(
                    section: name, expected: "\(shape)", got: tensors[name].map { "\($0.shape)" } ?? "none")
            }
            // A sum is finite only when all of its summands are.
            guard tensor.values.reduce(0, { $0 + abs($1) }).isFinite else {
                throw DamagedSection(section: name, expected: "finite numbers", got: "others")
            }
            return tensor.values
        }
        let width = centre.shape[0]
        let network = FSACNetwork(width: width, form: form(width))
        let parameters = Storage(count: network.layout.count)
        for place in network.layout.places { parameters.write(try checked(place.name, place.shape), at: place) }
        let input = FSACInput(centre: try checked("centre", [width]), scale: try checked("scale", [1])[0])
        self.init(network: network, parameters: parameters, input: input)
    }
}
