import Platform

// S side of the network's input.

/// Labelled pictures of products that adapters learn from: the test pictures of data sets in the layout of MVTec AD.
package struct AdaptationSet: Sendable, Equatable {
    package struct Example: Sendable, Equatable {
        package let path: String
        /// Nil is a good part.
        package let maskPath: String?
        /// Which of `objects` it shows.
        package let object: Int
    }

    /// A picture as training takes it.
    package struct Sample: Sendable, Equatable {
        package let image: Image
        /// `[S * S]`, 1 where the part is defective, else 0.
        package let mask: [Float]
        package let isDefective: Bool
        package let object: Int
    }

    /// What the data sets show, in words: the folders' names, with spaces for underscores.
    package let objects: [String]
    package let examples: [Example]

    package var count: Int { examples.count }
    package var defectiveCount: Int { examples.count { $0.maskPath != nil } }

    /// The data set in a folder, or those in its subfolders.
    ///
    /// - Throws: `dataSet`, `unreadableName`, `noMask`.
    package init(directory: String) throws(AdaptationError) {
        let sets: [DataSet]
        do throws(DataSetError) {
            sets = try DataSet.readAll(in: directory)
        } catch {
            throw .dataSet(error)
        }
        var examples: [Example] = []
        for (object, set) in sets.enumerated() {
            if let (expected, got) = PromptText.problem(in: set.name) {
                throw .unreadableName(set: set.name, expected: expected, got: got)
            }
            for picture in set.test {
                if picture.defect != nil, picture.maskPath == nil { throw .noMask(picture: picture.path) }
                examples.append(Example(path: picture.path, maskPath: picture.maskPath, object: object))
            }
        }
        objects = sets.map { String($0.name.map { $0 == "_" ? " " : $0 }) }
        self.examples = examples
    }

    /// SHA-256 over what it consists of, to tell it from others; the files' contents do not count.
    var identity: String {
        let lines = examples.map { example in
            let name = example.path.split(separator: "/").suffix(3).joined(separator: "/")
            return "\(objects[example.object])\t\(name)\t\(example.maskPath != nil)"
        }
        return hexadecimal(SHA256.digest(of: lines.joined(separator: "\n").utf8))
    }

    /// - Parameter side: S.
    /// - Throws: `picture`, `emptyMask`, `maskOfOtherSize`.
    package func sample(_ index: Int, side: Int) throws(AdaptationError) -> Sample {
        let example = examples[index]
        let image = try Self.image(example.path)
        let mask = try example.maskPath.map { path throws(AdaptationError) in
            try Self.mask(path, of: image).sampled(side: side)
        }
        return Sample(
            image: image, mask: mask ?? [Float](repeating: 0, count: side * side), isDefective: mask != nil,
            object: example.object)
    }

    private static func image(_ path: String) throws(AdaptationError) -> Image {
        do throws(ImageError) {
            return try Image(decoding: try ImageFile.read(path: path))
        } catch {
            throw .picture(path: path, error)
        }
    }

    private static func mask(_ path: String, of image: Image) throws(AdaptationError) -> Image {
        let mask = try Self.image(path)
        guard mask.height == image.height, mask.width == image.width else {
            throw .maskOfOtherSize(
                path: path, expected: PixelSize(height: image.height, width: image.width),
                got: PixelSize(height: mask.height, width: mask.width))
        }
        guard mask.pixels.contains(where: { $0 > 0 }) else { throw .emptyMask(path: path) }
        return mask
    }
}

extension Image {
    /// A mask at another size, pixel by pixel the nearest one: 1 where it is not black, `[side * side]`.
    fileprivate func sampled(side: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(side * side)
        for row in 0..<side {
            let line = (2 * row + 1) * height / (2 * side) * width
            for column in 0..<side {
                let pixel = 3 * (line + (2 * column + 1) * width / (2 * side))
                result.append(pixels[pixel..<pixel + 3].contains { $0 > 0 } ? 1 : 0)
            }
        }
        return result
    }
}
