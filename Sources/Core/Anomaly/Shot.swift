internal import Crypto

/// One normal image of a recipe.
public struct Shot: Sendable {
    /// SHA-256 of the picture's bytes as they came, in hexadecimal.
    public let sha256: String
    public let image: Image

    public init(sha256: String, image: Image) {
        self.sha256 = sha256
        self.image = image
    }

    /// A shot as it came.
    public init(decoding bytes: [UInt8]) throws(ImageError) {
        self.init(sha256: hexadecimal(SHA256.hash(data: bytes)), image: try Image(decoding: bytes))
    }
}
