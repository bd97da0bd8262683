import ControlProtocol

/// Where a verdict's pictures will be, below the state directory; nil = none is kept.
struct PicturePaths: Sendable, Equatable {
    static let folders = ["images", "heatmaps"]

    var image: String?
    var heatmap: String?

    /// How many pictures.
    var count: UInt64 { (image == nil ? 0 : 1) + (heatmap == nil ? 0 : 1) }

    /// What the name of a picture's file tells: `1041-ng.jpg`. Without the journal, so that retention needs none.
    struct Name {
        let seq: UInt64
        /// Nil in the names of older versions: `1041.jpg`.
        let pictureClass: PictureClass?

        init(seq: UInt64, _ pictureClass: PictureClass) {
            self.seq = seq
            self.pictureClass = pictureClass
        }

        /// Nil for other files.
        init?(_ path: String) {
            let stem = path.split(separator: "/").last?.split(separator: ".").first ?? ""
            let pieces = stem.split(separator: "-", maxSplits: 1)
            guard let seq = pieces.first.flatMap({ UInt64($0) }) else { return nil }
            self.seq = seq
            pictureClass = pieces.count > 1 ? PictureClass(rawValue: String(pieces[1])) : nil
        }

        var stem: String { "\(seq)" + (pictureClass.map { "-\($0.rawValue)" } ?? "") }
    }
}
