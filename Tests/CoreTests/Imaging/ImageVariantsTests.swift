import Core
import Testing

@Suite struct ImageVariantsTests {
    @Test func aQuarterTurnOfASquareIsExactAndAnticlockwise() {
        for side in [16, 17] {
            let image = noise(height: side, width: side, seed: 1)
            let turned = image.rotated(byDegrees: 90)
            for row in 0..<side {
                for column in 0..<side { #expect(turned.pixel(side - 1 - column, row) == image.pixel(row, column)) }
            }
            #expect(turned.rotated(byDegrees: 90) == image.rotated(byDegrees: 180))
            #expect(turned.rotated(byDegrees: 270) == image)
            #expect(image.rotated(byDegrees: -450) == image.rotated(byDegrees: 270))
        }
    }

    @Test func turningKeepsTheSizeAndRepeatsTheBorder() {
        let even = Image(height: 12, width: 30, pixels: [UInt8](repeating: 77, count: 12 * 30 * 3))
        #expect(even.rotated(byDegrees: 33) == even)
        let image = noise(height: 12, width: 30, seed: 2)
        #expect(image.rotated(byDegrees: 0) == image)
        #expect(image.rotated(byDegrees: 360) == image)
        #expect(image.rotated(byDegrees: 90).height == 12)
    }

    @Test func aTurnByFortyFiveDegreesMovesThePointThere() {
        var image = Image(height: 41, width: 41, pixels: [UInt8](repeating: 0, count: 41 * 41 * 3))
        for (row, column) in [(19, 34), (20, 34), (21, 34), (20, 33), (20, 35)] {
            image.pixels[(row * 41 + column) * 3] = 255
        }
        // 14 to the right of the centre turns to 9.9 right and 9.9 up.
        #expect(image.rotated(byDegrees: 45).pixel(10, 30)[0] > 200)
    }

    @Test func movingRepeatsTheBorder() {
        let image = Image(height: 2, width: 3, pixels: (0..<18).map { UInt8($0) })
        let moved = image.translated(rows: 1, columns: -1)
        for (row, column, source) in [(0, 0, 1), (0, 1, 2), (0, 2, 2), (1, 0, 1), (1, 1, 2), (1, 2, 2)] {
            #expect(moved.pixel(row, column) == image.pixel(0, source))
        }
        #expect(image.translated(rows: 0, columns: 0) == image)
        #expect(
            image.translated(rows: -99, columns: 99).pixels
                == Array(repeating: image.pixel(1, 0), count: 6).flatMap { $0 })
    }

    @Test func brightnessAndContrastFollowTheirFormula() {
        let image = Image(height: 1, width: 2, pixels: [10, 20, 30, 100, 110, 200])
        #expect(image.adjusted() == image)
        #expect(image.adjusted(brightness: 1.5).pixels == [15, 30, 45, 150, 165, 255])
        // The mean is 470 / 6 = 78.33: 10 becomes 78.33 - 68.33 / 2 = 44.17.
        #expect(image.adjusted(contrast: 0.5).pixels == [44, 49, 54, 89, 94, 139])
        #expect(image.adjusted(brightness: 0, contrast: 3).pixels == [UInt8](repeating: 0, count: 6))
    }
}
