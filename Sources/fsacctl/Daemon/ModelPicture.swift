import ControlClient
import ControlProtocol
import Core
import Foundation

/// `fsacctl models show --picture`: the shots of a generation, and what it looks at in each.
struct ModelPicture {
    /// More say nothing new, and each is fetched whole.
    static let mostShots = 16

    let model: GenerationReply
    let region: PartRegionReply

    /// - Throws: ``ClientError`` when the model chose nothing that could be drawn.
    init(of model: GenerationReply) throws {
        guard let region = model.region else {
            throw DaemonError.refused(
                ErrorReply(
                    code: .notFound,
                    message:
                        "generation \(model.generation) looks at all that is inspected, without choosing: there is nothing "
                        + "to draw"
                ).error)
        }
        self.model = model
        self.region = region
    }

    /// - Parameter shot: fetches a shot's file, by its SHA-256; throws when there is none any more.
    /// - Returns: what is in the picture, in words. Shots are in the order of `models show`.
    func write(to path: String, shot: (String) async throws -> [UInt8]) async throws -> String {
        let names = model.shots.prefix(Self.mostShots)
        let columns = max(1, Int(Double(names.count).squareRoot().rounded(.up)))
        var sheet = TileSheet(columns: columns)
        var missing = 0
        for name in names {
            do {
                let picture = Picture(.file, bytes: try await shot(name))
                sheet.add(region.region.drawn(on: try picture.image(of: try region.roi(in: picture))))
            } catch DaemonError.refused(let error) where error.code == .notFound {
                missing += 1
            }
        }
        guard !sheet.tiles.isEmpty else {
            throw DaemonError.refused(
                ErrorReply(code: .notFound, message: "none of the generation's shots is kept any more").error)
        }
        let isPNG = path.lowercased().hasSuffix(".png")
        let file = isPNG ? sheet.image.pngBytes() : sheet.image.jpegBytes(qualityPercent: 92)
        try OutputFile.write(file, to: path)
        return "\(path): \(sheet.tiles.count) of \(model.shots.count) shots"
            + (missing > 0 ? ", \(missing) of them are not kept any more" : "")
    }
}

extension PartRegionReply {
    /// As the model has it, as far as it can be drawn.
    fileprivate var region: PartRegion {
        let extent = PartExtent(left: left, top: top, right: right, bottom: bottom)
        let shape: PartRegion.Shape =
            switch shape {
            case .full: .full(because: .fillsPicture)
            case .box: .box(extent, share: 1)
            case .pose: .pose(extent, elongation: 1, share: 1)
            }
        return PartRegion(picture: PixelSize(height: pictureHeight, width: pictureWidth), shape: shape)
    }

    /// Nil is the whole picture; so is one that does not fit a picture of another size.
    fileprivate func roi(in picture: Picture) throws(ImageError) -> PixelRectangle? {
        guard let roi, roi.count == 4 else { return nil }
        let rectangle = PixelRectangle(x: roi[0], y: roi[1], width: roi[2], height: roi[3])
        let size = try picture.size()
        return rectangle.lies(inHeight: size.height, width: size.width) ? rectangle : nil
    }
}
