extension CombinedScorer {
    public struct Header: Codable, Sendable, Equatable {
        struct Component: Codable, Sendable, Equatable {
            let columns: Range<Int>
            let memory: PatchMemory.Header
        }

        struct Texture: Codable, Sendable, Equatable {
            let columns: Range<Int>
            let unit: Float
            let exponent: Float
        }

        let featureWidth: Int
        let components: [Component]
        let texture: Texture?
        let choice: FitChoice

        enum CodingKeys: String, CodingKey {
            case components, texture, choice
            case featureWidth = "feature_width"
        }
    }

    public var stored: StoredScorer {
        var tensors: [String: Tensor] = [:]
        for (index, component) in components.enumerated() {
            tensors["memory.\(index)"] = component.memory.stored.tensors[PatchMemory.tensorName]
        }
        if let texture {
            for (name, values) in texture.vectors { tensors[name] = Tensor(shape: [values.count], values: values) }
        }
        let header = Header(
            featureWidth: featureWidth,
            components: components.map { .init(columns: $0.columns, memory: $0.memory.header) },
            texture: texture.map { .init(columns: $0.columns, unit: $0.unit, exponent: $0.exponent) }, choice: choice)
        return StoredScorer(header: ScorerHeader(combined: header), tensors: tensors)
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedPart) {
        guard (1...(1 << 20)).contains(header.featureWidth), !header.components.isEmpty,
            header.components.count == header.choice.components.count
        else {
            throw DamagedPart(
                part: "combined", expected: "as many components as were chosen, at least one",
                got: "\(header.components.count) of \(header.choice.components.count)")
        }
        var components: [Component] = []
        for (index, (stored, chosen)) in zip(header.components, header.choice.components).enumerated() {
            let memory = try PatchMemory(
                stored.memory, [PatchMemory.tensorName: tensors["memory.\(index)"]].compactMapValues { $0 })
            guard stored.columns.lowerBound >= 0, stored.columns.upperBound <= header.featureWidth,
                memory.featureWidth == stored.columns.count, chosen.unit.isFinite, chosen.unit > 0
            else {
                throw DamagedPart(
                    part: "memory.\(index)", expected: "columns of \(header.featureWidth) and a positive unit",
                    got: "\(stored.columns), \(memory.featureWidth) wide, unit \(chosen.unit)")
            }
            components.append(
                Component(stage: chosen.stage, columns: stored.columns, memory: memory, unit: chosen.unit))
        }
        self.init(
            components: components,
            texture: try header.texture.map { texture throws(DamagedPart) in
                try TextureStatistics(texture, tensors, width: header.featureWidth)
            }, featureWidth: header.featureWidth, choice: header.choice)
    }
}

extension TextureStatistics {
    fileprivate var vectors: [String: [Float]] {
        [
            "texture.mean": mean, "texture.deviation": deviation, "texture.centre": centre,
            "texture.variance": variance,
        ]
    }

    fileprivate init(
        _ header: CombinedScorer.Header.Texture, _ tensors: [String: Tensor], width: Int
    ) throws(DamagedPart) {
        func vector(_ name: String, _ count: Int) throws(DamagedPart) -> [Float] {
            guard let tensor = tensors["texture." + name], tensor.shape == [count] else {
                throw DamagedPart(
                    part: "texture." + name, expected: "[\(count)]",
                    got: tensors["texture." + name].map { "\($0.shape)" } ?? "none")
            }
            return tensor.values
        }
        let count = header.columns.count
        guard header.columns.lowerBound >= 0, header.columns.upperBound <= width, header.unit > 0 else {
            throw DamagedPart(
                part: "texture", expected: "columns of \(width) and a positive unit",
                got: "\(header.columns), unit \(header.unit)")
        }
        self.init(
            columns: header.columns, mean: try vector("mean", count), deviation: try vector("deviation", count),
            centre: try vector("centre", 2 * count), variance: try vector("variance", 2 * count), unit: header.unit,
            exponent: header.exponent)
    }
}
