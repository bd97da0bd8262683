import ControlProtocol
import Settings

/// Where a verdict's pictures will be, below the state directory; nil = none is kept.
struct PicturePaths: Sendable, Equatable {
    static let folders = ["images", "heatmaps"]

    var image: String?
    var heatmap: String?
}
