import Core
import Testing

@Suite struct RegionPictureTests {
    private let style = RegionStyle.standard

    @Test func aBoxIsDrawnWhereItLiesAndThePartIsOutlined() {
        let picture = DrawnPicture(height: 120, width: 160).with(rows: 40..<80, columns: 50..<110).image
        let region = PartRegion(
            picture: PixelSize(height: 120, width: 160),
            shape: .box(PartExtent(left: 30, top: 20, right: 130, bottom: 100), share: 0.4))
        let drawn = region.drawn(on: picture)
        #expect(drawn.height == 120 && drawn.width == 160)
        // The middle of the box's upper and left edges.
        #expect(isColour(drawn.pixel(20, 80), style.boxColour) || isColour(drawn.pixel(19, 80), style.boxColour))
        #expect(isColour(drawn.pixel(60, 30), style.boxColour) || isColour(drawn.pixel(60, 29), style.boxColour))
        #expect((38...42).contains { drawn.pixel($0, 80) == [0, 230, 255] })
        // Inside of the part, and between it and the box, the picture is as it was.
        #expect(drawn.pixel(60, 80) == [200, 200, 200] && drawn.pixel(30, 80) == [90, 90, 90])
    }

    @Test func ofAPartThatIsFollowedTheAxisIsDrawn() {
        let picture = DrawnPicture(height: 140, width: 150).withRod(x: 70, y: 75, degrees: 0).image
        let region = PartRegion(
            picture: PixelSize(height: 140, width: 150),
            shape: .pose(PartExtent(left: -50, top: -16, right: 58, bottom: 16), elongation: 4, share: 0.4))
        let drawn = region.drawn(on: picture)
        #expect((73...76).contains { isColour(drawn.pixel($0, 60), style.axisColour) })
        #expect((73...76).contains { isColour(drawn.pixel($0, 25), style.axisColour) })
        // It ends with the region.
        #expect((0..<140).allSatisfy { !isColour(drawn.pixel($0, 145), style.axisColour) })
    }

    @Test func withoutAPartThePictureIsAllThereIs() {
        let empty = DrawnPicture(height: 140, width: 150).image
        let region = PartRegion(
            picture: PixelSize(height: 140, width: 150),
            shape: .pose(PartExtent(left: -50, top: -16, right: 58, bottom: 16), elongation: 4, share: 0.4))
        #expect(region.drawn(on: empty) == empty)
    }

    @Test func aLargePictureIsReduced() {
        let picture = DrawnPicture(height: 600, width: 1200).with(rows: 200..<400, columns: 300..<900).image
        let drawn = PartRegion.chosen(from: [picture, picture]).drawn(on: picture)
        #expect(drawn.height == 240 && drawn.width == 480)
    }

    private func isColour(_ pixel: [UInt8], _ colour: SIMD3<UInt8>) -> Bool {
        (0..<3).allSatisfy { abs(Int(pixel[$0]) - Int(colour[$0])) < 60 }
    }
}
