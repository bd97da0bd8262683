extension FSACHead {
    /// All that was learnt, by name: `settings` and these make the same head.
    package var tensors: [String: Tensor] {
        var result = network.layout.tensors(of: parameters)
        result["centre"] = Tensor(shape: [featureWidth], values: input.centre)
        result["scale"] = Tensor(shape: [1], values: [input.scale])
        return result
    }

    /// - Throws: `DamagedPart`: a tensor is missing or has another shape than `settings` say.
    package init(settings: FSACSettings, tensors: [String: Tensor]) throws(DamagedPart) {
        if let problem = settings.problem {
            throw DamagedPart(part: "fsac", expected: "settings that a fit writes", got: problem)
        }
        guard let centre = tensors["centre"], centre.shape.count == 1, (1...65_536).contains(centre.shape[0]) else {
            throw DamagedPart(part: "centre", expected: "[C]", got: tensors["centre"].map { "\($0.shape)" } ?? "none")
        }
        let layout = FSACLayout(width: centre.shape[0], settings: settings)
        func checked(_ name: String, _ shape: [Int]) throws(DamagedPart) -> [Float] {
            guard let tensor = tensors[name], tensor.shape == shape else {
                throw DamagedPart(part: name, expected: "\(shape)", got: tensors[name].map { "\($0.shape)" } ?? "none")
            }
            return tensor.values
        }
        let scale = try checked("scale", [1])[0]
        let parameters = Storage(count: layout.count)
        for (name, shape, offset) in layout.tensors {
            let values = try checked(name, shape)
            (parameters.base + offset).update(from: values, count: values.count)
        }
        self.init(
            network: FSACNetwork(layout: layout, settings: settings), parameters: parameters,
            input: FSACInput(centre: centre.values, scale: scale))
    }
}
