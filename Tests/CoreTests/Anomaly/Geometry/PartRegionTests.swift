import Core
import Foundation
import Testing

@Suite struct PartRegionTests {
    private static func rod(_ x: Double, _ y: Double, _ degrees: Double) -> Image {
        DrawnPicture(height: 140, width: 150).withRod(x: x, y: y, degrees: degrees).image
    }

    private static func block(_ top: Int, _ left: Int) -> Image {
        DrawnPicture(height: 120, width: 160).with(rows: top..<top + 40, columns: left..<left + 44).image
    }

    @Test func oneShotIsLookedAtAsAWhole() {
        let region = PartRegion.chosen(from: [Self.rod(70, 75, 20)])
        #expect(region == .full(PixelSize(height: 140, width: 150), .oneShot))
        #expect(region.findings.first?.contains("one shot does not show") == true)
    }

    @Test func aRodThatLiesAnyhowIsFollowed() throws {
        let region = PartRegion.chosen(from: [Self.rod(70, 75, 20), Self.rod(66, 70, 130)])
        guard case .pose(let extent, let elongation, let share) = region.shape else {
            Issue.record("\(region)")
            return
        }
        // 80 x 20, and a margin of 6 % of the length, at both ends.
        #expect(abs(extent.width - 90) < 4 && abs(extent.height - 22) < 4)
        #expect(elongation > 2.5 && share < 0.6)
        #expect(region.findings.contains { $0.contains("part_not_found") })
    }

    @Test func aPartThatLiesInOnePlaceGetsABoxAroundAllShots() throws {
        let region = PartRegion.chosen(from: [Self.block(30, 50), Self.block(36, 60)])
        guard case .box(let extent, let share) = region.shape else {
            Issue.record("\(region)")
            return
        }
        // Rows 30 to 76, columns 50 to 104, and 6 % on each side.
        #expect(abs(extent.top - 27.2) < 1.5 && abs(extent.bottom - 78.8) < 1.5)
        #expect(abs(extent.left - 46.8) < 1.5 && abs(extent.right - 107.2) < 1.5)
        #expect(abs(share - extent.width * extent.height / (120 * 160)) < 1e-9)
        #expect(region.findings.first?.contains("of 160 x 120") == true)
    }

    @Test func oneShotWithoutAPartIsEnoughToLookAtAll() {
        let texture = noise(height: 120, width: 160, seed: 1)
        let region = PartRegion.chosen(from: [Self.block(30, 50), texture, texture])
        #expect(region.shape == .full(because: .noPart(shots: 2)))
    }

    @Test func shotsOfOtherSizesAreLookedAtAsAWhole() {
        let region = PartRegion.chosen(from: [Self.block(30, 50), Self.rod(70, 75, 20)])
        #expect(region.shape == .full(because: .otherSizes))
    }

    @Test func aPartThatFillsThePictureIsLookedAtAsAWhole() {
        let large = DrawnPicture(height: 120, width: 160).with(rows: 7..<113, columns: 8..<152).image
        #expect(PartRegion.chosen(from: [large, large]).shape == .full(because: .fillsPicture))
    }

    @Test func aGridKeepsTheRegionsProportions() {
        func grid(_ width: Double, _ height: Double) -> PatchGrid {
            PartRegion(
                picture: PixelSize(height: 1000, width: 1000),
                shape: .box(PartExtent(left: 0, top: 0, right: width, bottom: height), share: 1)
            ).grid(area: 448 * 448)
        }
        #expect(grid(300, 300) == PatchGrid(rows: 32, columns: 32))
        // 448 / 2 = 224 = 16 * 14.
        #expect(grid(400, 100) == PatchGrid(rows: 16, columns: 64))
        // No longer than six times the width: 448 * sqrt(6) / 14 = 78.4, 448 / sqrt(6) / 14 = 13.06.
        #expect(grid(50, 1000) == PatchGrid(rows: 78, columns: 13))
    }

    @Test func whatIsStoredComesBack() throws {
        let regions = [
            PartRegion.chosen(from: [Self.rod(70, 75, 20), Self.rod(66, 70, 130)]),
            .chosen(from: [Self.block(30, 50), Self.block(36, 60)]),
            .full(PixelSize(height: 3, width: 5), .regionOfInterest),
            .full(PixelSize(height: 3, width: 5), .noPart(shots: 2)),
            .full(PixelSize(height: 3, width: 5), .fillsPicture),
            .full(PixelSize(height: 3, width: 5), .otherSizes),
        ]
        #expect(try JSONDecoder().decode([PartRegion].self, from: JSONEncoder().encode(regions)) == regions)
    }

    @Test(arguments: [
        #"{"picture": {"height": 9, "width": 9}, "shape": "round"}"#,
        #"{"picture": {"height": 9, "width": 9}, "shape": "full"}"#,
        #"{"picture": {"height": 9, "width": 9}, "shape": "full", "reason": "whim"}"#,
        #"{"picture": {"height": 0, "width": 9}, "shape": "full", "reason": "one_shot"}"#,
        #"{"picture": {"height": 9, "width": 9}, "shape": "box", "share": 1, "extent": {"left": 1, "top": 1, "right": 12, "bottom": 3}}"#,
        #"{"picture": {"height": 9, "width": 9}, "shape": "box", "share": 1, "extent": {"left": 4, "top": 1, "right": 4, "bottom": 3}}"#,
        #"{"picture": {"height": 9, "width": 9}, "shape": "pose", "share": 1, "extent": {"left": -4, "top": 1, "right": 4, "bottom": 3}}"#,
    ])
    func whatNoFitWritesIsRefused(_ document: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(PartRegion.self, from: Data(document.utf8)) }
    }
}

extension PartRegion {
    static func chosen(from shots: [Image]) -> PartRegion { chosen(from: shots.count) { shots[$0] } }
}
