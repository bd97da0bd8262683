import Core
import Foundation
import TestSupport
import Testing

@Suite struct PartPlacementTests {
    private static let picture = PixelSize(height: 60, width: 80)

    private static func box(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> PartRegion {
        PartRegion(
            picture: picture, shape: .box(PartExtent(left: left, top: top, right: right, bottom: bottom), share: 1))
    }

    private static let rodPicture = DrawnPicture(height: 140, width: 150).withRod(x: 70, y: 75, degrees: 25).image
    private static let rod = PartRegion(
        picture: PixelSize(height: 140, width: 150),
        shape: .pose(PartExtent(left: -50, top: -16, right: 58, bottom: 16), elongation: 4, share: 0.4))

    @Test func aBoxShowsThePixelsThatItCovers() throws {
        let image = noise(height: 60, width: 80, seed: 1)
        let placement = try #require(Self.box(10, 20, 40, 50).placement(in: image))
        let cut = placement.cut(image, height: 30, width: 30)
        // A resize to the same size keeps every pixel.
        for (row, column) in [(0, 0), (7, 21), (29, 29)] {
            #expect(cut.pixel(row, column) == image.pixel(20 + row, 10 + column))
        }
    }

    /// As features carry it: the other way round is worked out there.
    private func view(_ placement: PartPlacement) -> ViewPlacement { ViewPlacement(placement.inPicture(x:y:)) }

    @Test func placesInThePictureAndInABoxBelongTogether() throws {
        let placement = try #require(Self.box(20, 15, 60, 45).placement(in: noise(height: 60, width: 80, seed: 1)))
        #expect(view(placement).inView(x: 0.25, y: 0.25) == (0, 0))
        #expect(view(placement).inView(x: 0.5, y: 0.5) == (0.5, 0.5))
        #expect(placement.inPicture(x: 1, y: 0) == (0.75, 0.25))
        #expect(view(placement).covers(x: 0.74, y: 0.26) && !view(placement).covers(x: 0.76, y: 0.26))
    }

    @Test func placesGoThereAndBackHoweverARegionIsTurned() throws {
        let placements = [
            try #require(Self.box(20, 15, 60, 45).placement(in: noise(height: 60, width: 80, seed: 1))),
            try #require(Self.rod.placement(in: Self.rodPicture)),
        ]
        for placement in placements {
            for degrees in [0.0, 45, 180, 211] {
                let turned = placement.turned(byDegrees: degrees)
                for (x, y) in [(0.1, 0.8), (0.5, 0.5), (1.2, -0.3)] {
                    let place = turned.inPicture(x: x, y: y)
                    let back = view(turned).inView(x: place.x, y: place.y)
                    #expect(isClose(back.x, x, atol: 1e-12, rtol: 0) && isClose(back.y, y, atol: 1e-12, rtol: 0))
                }
            }
        }
    }

    @Test func aPoseShowsThePartTheSameWayHoweverItLies() throws {
        let upright = try #require(Self.rod.placement(in: Self.rodPicture)).cut(Self.rodPicture, height: 32, width: 108)
        for (x, y, degrees) in [(80.0, 70.0, 115.0), (72, 66, -60), (75, 75, 200)] {
            let picture = DrawnPicture(height: 140, width: 150).withRod(x: x, y: y, degrees: degrees).image
            let cut = try #require(Self.rod.placement(in: picture)).cut(picture, height: 32, width: 108)
            #expect(cut.meanDifference(upright) < 6, "\(degrees)")
        }
        // Lying across, the picture would differ by what the rod differs from the background.
        #expect(upright.meanDifference(DrawnPicture(height: 32, width: 108).image) > 25)
    }

    @Test func thePlaceOfAPartsEndIsWhereItIsInThePicture() throws {
        let placement = try #require(Self.rod.placement(in: Self.rodPicture))
        // The tail is 40 pixels from the rod's middle. The centroid lies 4.9 nearer to the head, of 14 x 20 pixels against 66 x 10:
        // (280 * 33 - 660 * 7) / 940. So it is at (44.9 + 50) / 108 of the region's width.
        let (x, y) = (70 - 40 * cos(25 * Double.pi / 180), 75 + 40 * sin(25 * Double.pi / 180))
        let tail = view(placement).inView(x: x / 150, y: y / 140)
        #expect(abs(tail.x - 0.879) < 0.01 && abs(tail.y - 0.5) < 0.02, "\(tail)")
    }

    @Test func aFrameWithoutAPartHasNoPlacementOfAPose() {
        let empty = DrawnPicture(height: 140, width: 150).image
        #expect(Self.rod.placement(in: empty) == nil)
        #expect(Self.box(1, 1, 5, 5).placement(in: empty) != nil)
    }

    @Test func aReducedPictureShowsTheSame() throws {
        let picture = Self.rodPicture.resized(height: 280, width: 300, filter: .bicubic)
        let (fine, coarse) = (
            try #require(Self.rod.placement(in: picture)), try #require(Self.rod.placement(in: Self.rodPicture))
        )
        let coarseCut = coarse.cut(Self.rodPicture, height: 32, width: 108)
        #expect(fine.cut(picture, height: 32, width: 108).meanDifference(coarseCut) < 3)
    }

    @Test func aQuarterTurnOfASquareMovesEveryPixel() throws {
        let image = noise(height: 60, width: 80, seed: 2)
        let placement = try #require(Self.box(10, 20, 40, 50).placement(in: image)).turned(byDegrees: 90)
        let cut = placement.cut(image, height: 30, width: 30)
        // Anticlockwise: what was at the right border is at the top.
        for (row, column) in [(0, 0), (7, 21), (29, 29)] {
            #expect(cut.pixel(row, column) == image.pixel(20 + column, 39 - row))
        }
    }

    @Test func whatATurnedBoxLacksIsThePictureInAMirror() throws {
        let image = noise(height: 60, width: 80, seed: 2)
        // A quarter of a turn about (30, 50): the lower half comes from columns right of the picture's rows.
        let region = Self.box(0, 40, 60, 60)
        let cut = try #require(region.placement(in: image)).turned(byDegrees: 90).cut(image, height: 20, width: 60)
        // Row 5, column 50 shows the place 20.5 to the right of the centre and 4.5 above: 20.5 below it and 4.5 to the right.
        // Row 70 is row 48 in a mirror at the last row, 59.
        #expect(cut.pixel(5, 50) == image.pixel(48, 34))
    }

    @Test func sampledPixelsAgreeWithANaiveOne() throws {
        let image = noise(height: 60, width: 80, seed: 7)
        let region = Self.box(20, 15, 60, 45)
        let placement = try #require(region.placement(in: image)).turned(byDegrees: 33)
        let cut = placement.cut(image, height: 30, width: 40)
        var worst = 0.0
        for row in 0..<30 {
            for column in 0..<40 {
                let place = placement.inPicture(x: (Double(column) + 0.5) / 40, y: (Double(row) + 0.5) / 30)
                for channel in 0..<3 {
                    let expected = naive(image, x: place.x * 80, y: place.y * 60, channel)
                    let got = Double(cut.pixels[(row * 40 + column) * 3 + channel])
                    worst = max(worst, abs(got - expected.rounded(.down)))
                }
            }
        }
        #expect(worst <= 1)
    }

    /// Keys' convolution with a = -1, one sum over the whole neighbourhood, the picture in a mirror.
    private func naive(_ image: Image, x: Double, y: Double, _ channel: Int) -> Double {
        func kernel(_ distance: Double) -> Double {
            let d = abs(distance)
            if d < 1 { return d * d * d - 2 * d * d + 1 }
            return d < 2 ? -d * d * d + 5 * d * d - 8 * d + 4 : 0
        }
        func mirrored(_ place: Int, _ count: Int) -> Int {
            place < 0 ? -place : place >= count ? 2 * (count - 1) - place : place
        }
        var sum = 0.0
        for row in Int(y) - 4...Int(y) + 4 {
            for column in Int(x) - 4...Int(x) + 4 {
                let weight = kernel(Double(row) + 0.5 - y) * kernel(Double(column) + 0.5 - x)
                let index = (mirrored(row, image.height) * image.width + mirrored(column, image.width)) * 3 + channel
                sum += weight * Double(image.pixels[index])
            }
        }
        return min(max(sum, 0), 255)
    }
}
