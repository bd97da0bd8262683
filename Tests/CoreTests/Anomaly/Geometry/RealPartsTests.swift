import Core
import Foundation
import Testing

/// Real pictures in MVTec AD's layout, where there are any: FSAC_DATA, or `shared/data` beside the checkout.
private let pictures: String = {
    let beside = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../../../../shared/data"
    return ProcessInfo.processInfo.environment["FSAC_DATA"] ?? beside
}()
private let hasPictures = FileManager.default.fileExists(atPath: pictures + "/mvtec_screw/train/good")

/// The choice that the reference makes, too.
@Suite struct RealPartsTests {
    @Test(
        .enabled(if: hasPictures, "no pictures: set FSAC_DATA"),
        arguments: [
            ("mvtec_screw", "pose"), ("mvtec3d_tire_rgb", "box"), ("mvtec_loco_juice_bottle", "box"),
            ("mvtec_grid", "full"), ("kolektorsdd", "full"), ("cookie", "full"), ("bottle", "full"),
            ("casting", "full"),
            ("mvtec_transistor", "full"),
        ])
    func eachPartIsLookedAtTheWayItLies(_ name: String, _ expected: String) throws {
        let folder = "\(pictures)/\(name)/train/good"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        for seed in 0..<3 {
            let shots = try names.dropFirst(4 * seed).prefix(4).map {
                try Picture(.file, bytes: ImageFile.read(path: "\(folder)/\($0)")).image()
            }
            let region = PartRegion.chosen(from: shots)
            let mode =
                switch region.shape {
                case .full: "full"
                case .box: "box"
                case .pose: "pose"
                }
            #expect(mode == expected, "seed \(seed): \(region)")
        }
    }
}
