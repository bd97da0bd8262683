import Platform
internal import Synchronization

/// Features of pictures by what was asked for, so that no picture is embedded twice.
private final class FeatureMemory: Sendable {
    private struct Key: Hashable {
        let inputSize: Int
        let layers: [Int]
        let height: Int
        let width: Int
        /// SHA-256.
        let pixels: [UInt8]
    }

    private let kept = Mutex<[Key: Features]>([:])

    func features(of image: Image, _ request: FeatureRequest, by extractor: FeatureExtractor) -> Features {
        let key = Key(
            inputSize: extractor.identity.inputSize, layers: request.layers, height: image.height, width: image.width,
            pixels: SHA256.digest(of: image.pixels))
        if let features = kept.withLock({ $0[key] }) { return features }
        let features = extractor.features(of: image, request)
        kept.withLock { $0[key] = features }
        return features
    }
}

extension ExtractorSource {
    /// The same, whose extractors share a memory of all pictures that are embedded by layers alone. It grows without bound.
    func remembering() -> ExtractorSource {
        let memory = FeatureMemory()
        return replacingExtractors { inner in
            FeatureExtractor(identity: inner.identity, layerCount: inner.layerCount) { image, request, gradient in
                guard request == FeatureRequest(layers: request.layers), gradient == nil else {
                    return inner.features(of: image, request, scoreGradient: gradient)
                }
                return memory.features(of: image, request, by: inner)
            }
        }
    }
}
