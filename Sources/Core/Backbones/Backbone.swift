/// A frozen feature extractor for one input size, square or not. Owns its scratch memory, so one thread uses it at a time; the weights
/// behind it are shared.
package protocol Backbone: AnyObject {
    /// Of the input, in pixels.
    var input: PixelSize { get }
    /// Features of a preprocessed picture.
    ///
    /// - Parameter input: `[3, height, width]`, normalised as the weights' sidecar says.
    func features(of input: Tensor, _ request: FeatureRequest) -> Features
}

/// A backbone that can tell which pixels a score hangs on.
package protocol DifferentiableBackbone: Backbone {
    /// Features of a preprocessed picture, and the gradient of a score by it.
    ///
    /// - Parameters:
    ///   - input: `[3, height, width]`, normalised as the weights' sidecar says.
    ///   - request: asks for the final tokens.
    ///   - scoreGradient: from the class token, `[C]`, to the derivatives of a score by it, `[C]`.
    /// - Returns: also the derivatives of the score by `input`, of its shape.
    func features(
        of input: Tensor, _ request: FeatureRequest, scoreGradient: ([Float]) -> [Float]
    ) -> (features: Features, inputGradient: Tensor)
}
