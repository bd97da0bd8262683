import Platform

/// A smaller test, drawn by lot.
package struct PictureDraw: Sendable, Equatable, Codable {
    /// Good test pictures, and defective ones, at most.
    package let count: Int
    package let seed: Int

    package init(count: Int, seed: Int) {
        precondition(count > 0, "draw of \(count) pictures")
        self.count = count
        self.seed = seed
    }

    /// The data set with at most `count` good and `count` defective test pictures, in their order.
    ///
    /// A picture's lot is the SHA-256 of `<seed>/<folder>/<file>`; the lowest are drawn. A picture that comes or goes
    /// changes nothing about the lots of the others.
    package func applied(to set: DataSet) -> DataSet {
        let good = drawn(set.test.filter { $0.defect == nil })
        let defective = drawn(set.test.filter { $0.defect != nil })
        return set.testing(set.test.filter { good.contains($0.file) || defective.contains($0.file) })
    }

    private func drawn(_ pictures: [DataSet.TestPicture]) -> Set<String> {
        let lots = pictures.map { picture in
            (lot: hexadecimal(SHA256.digest(of: "\(seed)/\(picture.file)".utf8)), file: picture.file)
        }
        return Set(lots.sorted { $0.lot < $1.lot }.prefix(count).map(\.file))
    }
}
