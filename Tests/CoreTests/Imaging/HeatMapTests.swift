import Core
import Testing

@Suite struct HeatMapTests {
    private func even(_ value: UInt8, height: Int = 40, width: Int = 60) -> Image {
        Image(height: height, width: width, pixels: [UInt8](repeating: value, count: height * width * 3))
    }

    private func map(height: Int = 40, width: Int = 60, _ level: (Int, Int) -> Float) -> Matrix {
        Matrix(
            rows: height, columns: width,
            values: (0..<height * width).map { level($0 / width, $0 % width) })
    }

    /// Left of an image that has the picture and the colours side by side, or all of it where they are one below the other.
    private func picture(_ image: Image, height: Int = 40, width: Int = 60) -> [[UInt8]] {
        (0..<height).map { row in Array(image.pixels[row * image.width * 3..<(row * image.width + width) * 3]) }
    }

    /// The first column of the colours.
    private let colours = 66

    @Test func nothingButLinesCoversThePicture() {
        let image = noise(height: 40, width: 60, seed: 8)
        // All of it far above the limit: the whole map glows, and the picture is as it was.
        let hot = image.withHeatMap(anomalyMap: map { _, _ in 9 }, limit: 1, regions: [])
        #expect(hot.height == 40 && hot.width == 126)
        #expect(picture(hot) == picture(image))
        #expect(hot.pixel(20, colours)[0] > 200)
        let cold = image.withHeatMap(anomalyMap: map { _, _ in 0.2 }, limit: 1, regions: [])
        #expect(picture(cold) == picture(image))
        let dark = cold.pixel(20, colours)
        #expect(dark[0] == dark[1] && dark[1] == dark[2] && dark[0] < 100)
    }

    @Test func theColoursAreBelowAWidePicture() {
        let wide = even(128, height: 20, width: 60).withHeatMap(anomalyMap: map { _, _ in 9 }, limit: 1, regions: [])
        #expect(wide.height == 46 && wide.width == 60)
        #expect(wide.pixel(10, 30) == [128, 128, 128] && wide.pixel(36, 30)[0] > 200)
    }

    /// On grey pictures, which most factory cameras take, and as far from grey as a glance needs.
    @Test(arguments: [UInt8(0), 90, 128, 200, 255])
    func whatIsAtTheLimitIsColouredOnEveryGrey(grey: UInt8) {
        let image = even(grey).withHeatMap(anomalyMap: map { _, _ in 1.02 }, limit: 1, regions: [])
        let colour = image.pixel(20, colours + 30).map { Int($0) }
        #expect((colour.max() ?? 0) - (colour.min() ?? 0) > 90, "\(colour)")
    }

    @Test func linesGrowWithThePicture() {
        #expect(HeatMapStyle.standard.scaledLineWidth(in: even(0)) == 2)
        #expect(HeatMapStyle.standard.scaledLineWidth(in: even(0, height: 600, width: 960)) == 5)
    }

    @Test func theScaleIsTiedToTheLimitNotToThePicture() {
        // The same anomaly has the same colour, whatever else is in the picture, and in every unit.
        let quiet = even(90).withHeatMap(anomalyMap: map { _, _ in 1.5 }, limit: 1, regions: [])
        let loud = even(90).withHeatMap(anomalyMap: map { _, column in column < 30 ? 1.5 : 900 }, limit: 1, regions: [])
        let scaled = even(90).withHeatMap(anomalyMap: map { _, _ in 30 }, limit: 20, regions: [])
        #expect(quiet.pixel(20, colours + 10) == loud.pixel(20, colours + 10))
        #expect(quiet == scaled)
    }

    @Test func theLimitIsTheColourMapsMiddleAndTwiceTheLimitItsEnd() {
        var style = HeatMapStyle.standard
        style.maxOpacity = 1
        func colour(_ level: Float) -> [UInt8] {
            even(0).withHeatMap(anomalyMap: map { _, _ in level }, limit: 1, regions: [], style: style)
                .pixel(20, colours + 30)
        }
        // matplotlib's inferno: entry 255 is fcffa4, entry 129 is bf3952.
        #expect(colour(2) == [0xFC, 0xFF, 0xA4])
        #expect(colour(50) == colour(2))
        let middle = colour(1.011).map { Float($0) }
        #expect(abs(middle[1] / middle[0] - 0x39 / Float(0xBF)) < 0.02)
        #expect(abs(middle[2] / middle[0] - 0x52 / Float(0xBF)) < 0.02)
    }

    @Test func whatIsNotANumberIsHot() {
        let hot = even(10).withHeatMap(anomalyMap: map { _, _ in 9 }, limit: 1, regions: [])
        #expect(even(10).withHeatMap(anomalyMap: map { _, _ in .nan }, limit: 1, regions: []) == hot)
        #expect(even(10).withHeatMap(anomalyMap: map { _, _ in .infinity }, limit: 1, regions: []) == hot)
    }

    @Test func aContourRunsWhereTheAnomalyReachesTheLimit() {
        // The limit is crossed between columns 29 and 30, so two columns are covered and the next are not.
        let ramp = map { _, column in 1 + (Float(column) - 29.5) / 100 }
        let image = even(0).withHeatMap(anomalyMap: ramp, limit: 1, regions: [])
        #expect(image.pixel(20, 29) == [0, 240, 255])
        #expect(image.pixel(20, 30) == [0, 240, 255])
        #expect(image.pixel(20, 26)[1] < 120)
        #expect(image.pixel(20, 33)[1] < 120)
    }

    @Test func aPlateauJustBelowTheLimitIsNotFloodedByTheContour() {
        let image = even(0).withHeatMap(anomalyMap: map { _, _ in 0.99 }, limit: 1, regions: [])
        #expect(image.pixel(20, 30)[1] < 120)
    }

    @Test func aRegionGetsABoxAroundIt() {
        let region = Region(x: 20, y: 10, width: 15, height: 12, peak: 2)
        let image = even(128).withHeatMap(anomalyMap: map { _, _ in 0 }, limit: 1, regions: [region])
        // Line of 2, margin of 5: the outline's upper left corner is at row 5, column 15.
        #expect(image.pixel(5, 15)[0] > 230)
        #expect(image.pixel(26, 39)[0] > 230)
        #expect(image.pixel(4, 14)[0] < 128)
        #expect(image.pixel(3, 13) == [128, 128, 128])
        #expect(image.pixel(15, 25) == [128, 128, 128])
    }

    @Test func boxesAtTheBorderAndOutsideAreCut() {
        let regions = [
            Region(x: 0, y: 0, width: 60, height: 40, peak: 2), Region(x: 59, y: 39, width: 1, height: 1, peak: 2),
            Region(x: 500, y: 500, width: 9, height: 9, peak: 2), Region(x: -50, y: -50, width: 9, height: 9, peak: 2),
        ]
        let image = even(128).withHeatMap(anomalyMap: map { _, _ in 0 }, limit: 1, regions: regions)
        #expect(image.height == 40 && image.width == 126)
    }

    @Test func aLargePictureIsReducedAndItsBoxesWithIt() {
        let region = Region(x: 1000, y: 500, width: 200, height: 100, peak: 2)
        let image = even(128, height: 1024, width: 2048)
            .withHeatMap(anomalyMap: map(height: 16, width: 32) { _, _ in 0 }, limit: 1, regions: [region])
        #expect(image.height == 512 * 2 + 6 && image.width == 1024)
        // Line of 5, margin of 8: the box's upper edge is at rows 242 to 246.
        #expect(image.pixel(244, 550)[0] > 230)
        #expect(image.pixel(275, 550) == [128, 128, 128])
    }

    @Test func aCoarseMapIsStretchedOverThePicture() {
        let coarse = Matrix(rows: 2, columns: 2, values: [0, 0, 3, 3])
        let image = even(0).withHeatMap(anomalyMap: coarse, limit: 1, regions: [])
        #expect(image.pixel(0, colours + 30) == [0, 0, 0])
        #expect(image.pixel(39, colours) == image.pixel(39, colours + 59))
        #expect(image.pixel(39, colours + 30)[0] > 150)
    }

    @Test func theInspectedRegionIsOutlinedAndWhatIsIgnoredIsHatched() {
        let triangle = [(30, 10), (50, 10), (30, 30)].map { PixelPoint(x: $0.0, y: $0.1) }
        let area = InspectionArea(roi: PixelRectangle(x: 10, y: 5, width: 45, height: 30), ignore: [triangle])
        let image = even(128).withHeatMap(anomalyMap: map { _, _ in 0 }, limit: 1, regions: [], area: area)
        for place in [(5, 20), (34, 20), (20, 10), (20, 54)] { #expect(image.pixel(place.0, place.1)[0] > 230) }
        #expect(image.pixel(2, 2) == [128, 128, 128] && image.pixel(30, 45) == [128, 128, 128])
        // The middle of row 20 crosses the triangle from 30 to 39.5, where the centres of columns 30 to 38 lie: dark, two of
        // twelve bright.
        let row = (0..<60).map { image.pixel(20, $0)[0] }
        #expect((30..<39).allSatisfy { row[$0] != 128 } && row[29] == 128 && row[39] == 128)
        #expect((30..<39).count { row[$0] > 128 } <= 2)
    }
}
