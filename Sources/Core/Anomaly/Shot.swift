internal import Crypto

/// One normal image of a recipe.
public struct Shot: Sendable {
    /// SHA-256 of the picture's bytes as they came, in hexadecimal.
    public let sha256: String
    /// What the model sees of the picture: its region of interest, possibly reduced.
    public let image: Image
    /// The size of the whole picture.
    public let frame: PixelSize

    /// - Parameter frame: nil says that `image` is the whole picture at full size.
    public init(sha256: String, image: Image, frame: PixelSize? = nil) {
        self.sha256 = sha256
        self.image = image
        self.frame = frame ?? PixelSize(height: image.height, width: image.width)
    }

    /// The part of a picture that a model with this area and input looks at, decoded as ``InspectionArea/image(of:inputSize:)``
    /// does for pictures that are judged.
    ///
    /// - Throws: `ImageError`, `regionOutside` among it.
    public init(sha256: String, picture: Picture, area: InspectionArea, inputSize: Int) throws(ImageError) {
        let size = try picture.size()
        self.init(
            sha256: sha256, image: try area.image(of: picture, inputSize: inputSize),
            frame: PixelSize(height: size.height, width: size.width))
    }

    /// A whole shot as it came.
    public init(decoding bytes: [UInt8]) throws(ImageError) {
        self.init(sha256: hexadecimal(SHA256.hash(data: bytes)), image: try Image(decoding: bytes))
    }
}

extension InspectionArea {
    /// What a model sees of a picture: the region of interest, reduced as far as its input allows. Shots and pictures that
    /// are judged must be decoded alike.
    public func image(of picture: Picture, inputSize: Int) throws(ImageError) -> Image {
        try picture.image(of: roi, atLeast: inputSize)
    }
}
