import Core
import Foundation
import TestSupport
import Testing

@Suite struct PartPoseTests {
    @Test func anUprightRectangleHasItsSidesForAxes() throws {
        // 20 x 8 cells of 2 x 2 pixels. Positions of n cells in a row vary by (n² - 1) / 12.
        let mask = try #require(rectangle(rows: 6..<14, columns: 10..<30))
        let pose = PartPose(of: mask, height: 40, width: 80)
        #expect(pose.centre == [40, 20])
        #expect(abs(pose.along.x) == 1 && isClose(pose.along.y, 0, atol: 1e-12, rtol: 0))
        #expect(isClose(pose.elongation, (399.0 / 63).squareRoot(), atol: 1e-9, rtol: 0))
        // From the centroid to the outermost cells' centres.
        #expect(isClose(pose.extent.right, 19, atol: 1e-9, rtol: 0))
        #expect(isClose(pose.extent.bottom, 7, atol: 1e-9, rtol: 0))
    }

    private func rectangle(rows: Range<Int>, columns: Range<Int>) -> PartMask? {
        PartMask(
            rows: 20, columns: 40, foreground: (0..<800).map { rows.contains($0 / 40) && columns.contains($0 % 40) })
    }

    @Test(arguments: [-170.0, -135, -90, -65, -30, 0, 5, 40, 75, 110, 180])
    func aRodIsFoundInWhateverDirectionItLies(_ degrees: Double) throws {
        let picture = DrawnPicture(height: 140, width: 150).withRod(x: 70, y: 75, degrees: degrees).image
        let mask = try #require(PartMask(of: picture, level: PartMask.poseLevel))
        let pose = PartPose(of: mask, height: 140, width: 150)
        // The head is at the end that the centroid is nearer to: the other one reaches farther.
        let expected = SIMD2(-cos(degrees * .pi / 180), sin(degrees * .pi / 180))
        #expect((pose.along * expected).sum() > cos(1.5 * .pi / 180), "\(pose)")
        #expect(pose.elongation > 2.5)
        #expect(-pose.extent.left < pose.extent.right)
    }

    @Test func aPictureAtHalfTheSizeHasTheSamePose() throws {
        let picture = DrawnPicture(height: 280, width: 300)
            .withRod(x: 140, y: 150, degrees: 30, length: 160, thickness: 20).image
        let half = picture.resized(height: 140, width: 150, filter: .bilinear)
        let (one, other) = (
            PartPose(of: try #require(PartMask(of: picture, level: PartMask.poseLevel)), height: 280, width: 300),
            PartPose(of: try #require(PartMask(of: half, level: PartMask.poseLevel)), height: 280, width: 300)
        )
        #expect((one.along * other.along).sum() > 0.9999)
        #expect(abs(one.centre.x - other.centre.x) < 1 && abs(one.centre.y - other.centre.y) < 1)
    }
}
