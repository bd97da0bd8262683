import Core
import Foundation
import Testing

@Suite struct PartMaskTests {
    private let empty = DrawnPicture(height: 60, width: 80)

    @Test func aPartOnAPlainBackgroundIsFoundWhereItLies() throws {
        let picture = empty.with(rows: 20..<40, columns: 30..<65).image
        let box = try #require(PartMask(of: picture, level: PartMask.boxLevel)).box(height: 60, width: 80)
        // The smoothing moves an edge by up to a cell.
        #expect(abs(box.left - 30) <= 1 && abs(box.top - 20) <= 1)
        #expect(abs(box.right - 65) <= 1 && abs(box.bottom - 40) <= 1)
    }

    @Test func lightThatFallsOffTowardsACornerIsNoPart() throws {
        var picture = empty.with(rows: 20..<40, columns: 30..<65).image
        #expect(PartMask(of: shaded(empty.image), level: PartMask.boxLevel) == nil)
        picture = shaded(picture)
        let box = try #require(PartMask(of: picture, level: PartMask.boxLevel)).box(height: 60, width: 80)
        #expect(abs(box.left - 30) <= 1 && abs(box.right - 65) <= 1)
    }

    private func shaded(_ image: Image) -> Image {
        var shaded = image
        for row in 0..<image.height {
            for column in 0..<image.width {
                let (y, x) = (Double(row) / Double(image.height), Double(column) / Double(image.width))
                for channel in 0..<3 {
                    let index = (row * image.width + column) * 3 + channel
                    shaded.pixels[index] = UInt8(Double(image.pixels[index]) * (1.2 - 0.4 * x - 0.3 * y * y))
                }
            }
        }
        return shaded
    }

    @Test func nothingIsFoundInAPictureOfBackground() {
        #expect(PartMask(of: empty.image, level: PartMask.poseLevel) == nil)
        #expect(PartMask(of: noise(height: 60, width: 80, seed: 3), level: PartMask.poseLevel) == nil)
    }

    @Test func whatCrossesTheBorderInBreadthIsNoPart() {
        #expect(PartMask(of: empty.with(rows: 0..<60, columns: 20..<50).image, level: PartMask.boxLevel) == nil)
    }

    @Test func aSpeckIsNoPart() {
        #expect(PartMask(of: empty.with(rows: 20..<24, columns: 30..<34).image, level: PartMask.boxLevel) == nil)
    }

    @Test func holesBelongToThePartAndCrumbsDoNot() throws {
        let foreground = (0..<40 * 50).map { cell in
            let (row, column) = (cell / 50, cell % 50)
            let isPart = (10..<30).contains(row) && (10..<30).contains(column)
            let isHole = (15..<25).contains(row) && (15..<25).contains(column)
            return isPart && !isHole || (35..<37).contains(row) && (40..<45).contains(column)
        }
        let mask = try #require(PartMask(rows: 40, columns: 50, foreground: foreground))
        #expect(mask.isPart.count(where: \.self) == 20 * 20)
        #expect(mask.isPart[20 * 50 + 20] && !mask.isPart[36 * 50 + 42])
        #expect(mask.box(height: 80, width: 150) == PartExtent(left: 30, top: 20, right: 90, bottom: 60))
    }

    @Test func aCutOfSixCellsIsClosedAndOneOfSevenIsNot() throws {
        func halves(apart gap: Int) -> PartMask? {
            let foreground = (0..<40 * 50).map { cell in
                let (row, column) = (cell / 50, cell % 50)
                let isGap = column >= 20 && column < 20 + gap
                return (10..<30).contains(row) && (5..<45).contains(column) && !isGap
            }
            return PartMask(rows: 40, columns: 50, foreground: foreground)
        }
        #expect(try #require(halves(apart: 6)).isPart[20 * 50 + 22])
        #expect(try !#require(halves(apart: 7)).isPart[20 * 50 + 23])
    }

    @Test func aLargePictureIsLookedAtInACopyOf256Pixels() throws {
        let picture = DrawnPicture(height: 400, width: 800).with(rows: 100..<300, columns: 200..<600).image
        let mask = try #require(PartMask(of: picture, level: PartMask.boxLevel))
        #expect(mask.rows == 128 && mask.columns == 256)
        let box = mask.box(height: 400, width: 800)
        #expect(abs(box.left - 200) <= 4 && abs(box.bottom - 300) <= 4)
    }
}
