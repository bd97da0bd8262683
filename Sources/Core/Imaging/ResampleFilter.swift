/// The interpolation of a resize. Raw values are those of the weights' sidecar.
package enum ResampleFilter: String, Sendable, Codable, CaseIterable {
    /// The triangle filter.
    case bilinear
    /// Keys' cubic convolution with a = -0.5.
    case bicubic

    var interpolation: Interpolation {
        switch self {
        case .bilinear: .antialiasedBilinear
        case .bicubic: .antialiasedBicubic
        }
    }
}
