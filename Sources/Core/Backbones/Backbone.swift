/// A frozen feature extractor for one input size. Owns its scratch memory, so one thread uses it at a time; the weights
/// behind it are shared.
public protocol Backbone: AnyObject {
    /// The square input's side, in pixels.
    var inputSize: Int { get }
    /// Features of a preprocessed picture.
    ///
    /// - Parameters:
    ///   - input: `[3, inputSize, inputSize]`, normalised as the weights' sidecar says.
    ///   - layers: layers to return, each in `1...layerCount`.
    func features(of input: Tensor, layers: [Int]) -> Features
}
