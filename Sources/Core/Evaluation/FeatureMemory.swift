import Platform
internal import Synchronization

/// Features of pictures by what was asked for, so that no picture is embedded twice.
private final class FeatureMemory: Sendable {
    private struct Key: Hashable {
        let inputSize: Int
        let layers: [Int]
        /// Where a fine view lies, and its grid; empty of the whole picture.
        var view = ""
        /// Of a fine view; nil = all.
        var patches: [Int]?
        let height: Int
        let width: Int
        /// SHA-256.
        let pixels: [UInt8]
    }

    private let kept = Mutex<[Key: Features]>([:])
    private let views = Mutex<[Key: [Int: FeatureMap]]>([:])

    func features(of image: Image, _ request: FeatureRequest, by extractor: FeatureExtractor) -> Features {
        let key = Key(
            inputSize: extractor.identity.inputSize, layers: request.layers, height: image.height, width: image.width,
            pixels: SHA256.digest(of: image.pixels))
        if let features = kept.withLock({ $0[key] }) { return features }
        let features = extractor.features(of: image, request)
        kept.withLock { $0[key] = features }
        return features
    }

    func look(
        at image: Image, _ placement: PartPlacement, _ grid: PatchGrid, _ layers: [Int], _ patches: [Int]?,
        inputSize: Int, _ own: FeatureExtractor.Look
    ) -> [Int: FeatureMap] {
        let key = Key(
            inputSize: inputSize, layers: layers, view: "\(placement), \(grid)", patches: patches,
            height: image.height, width: image.width, pixels: SHA256.digest(of: image.pixels))
        if let maps = views.withLock({ $0[key] }) { return maps }
        let maps = own(image, placement, grid, layers, patches)
        views.withLock { $0[key] = maps }
        return maps
    }
}

extension ExtractorSource {
    /// The same, whose extractors share a memory of all pictures that are embedded by layers alone. It grows without bound.
    func remembering() -> ExtractorSource {
        let memory = FeatureMemory()
        return replacingExtractors { inner in
            inner.replacing { own in
                { image, placement, grid, layers, patches in
                    memory.look(
                        at: image, placement, grid, layers, patches, inputSize: inner.identity.inputSize, own)
                }
            } extract: { image, request, gradient in
                guard request == FeatureRequest(layers: request.layers), gradient == nil else {
                    return inner.features(of: image, request, scoreGradient: gradient)
                }
                return memory.features(of: image, request, by: inner)
            }
        }
    }
}
