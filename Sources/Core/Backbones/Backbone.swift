/// A frozen feature extractor for one input size. Owns its scratch memory, so one thread uses it at a time; the weights
/// behind it are shared.
public protocol Backbone: AnyObject {
    /// The square input's side, in pixels.
    var inputSize: Int { get }
    /// Features of a preprocessed picture.
    ///
    /// - Parameters:
    ///   - input: `[3, inputSize, inputSize]`, normalised as the weights' sidecar says.
    ///   - layers: layers to return, each in `1...layerCount`. Nothing beyond the highest is computed, unless
    ///   - withFinalTokens: asks for what the whole network makes of the picture, too.
    func features(of input: Tensor, layers: [Int], withFinalTokens: Bool) -> Features
}

extension Backbone {
    /// The layers alone.
    public func features(of input: Tensor, layers: [Int]) -> Features {
        features(of: input, layers: layers, withFinalTokens: false)
    }
}
