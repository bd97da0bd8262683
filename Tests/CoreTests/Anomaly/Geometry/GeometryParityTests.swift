import Core
import Testing

/// Against the reference in Python, on drawn pictures.
@Suite struct GeometryParityTests {
    /// Masks agree in 99 % of their cells: this one smooths at the border another way, and sums in another order.
    @Test func theMasksAreTheReferences() throws {
        var (found, missed) = (0, 0)
        for name in try GeometryFixtures.pictures() {
            let picture = try GeometryFixtures.picture(name)
            for level in [PartMask.boxLevel, PartMask.poseLevel] {
                let mask = PartMask(of: picture, level: level)
                let expected = try GeometryFixtures.mask(of: name, level: level)
                #expect((mask == nil) == (expected == nil), "\(name) at \(level)")
                guard let mask, let expected else {
                    missed += 1
                    continue
                }
                #expect(mask.rows == expected.height && mask.columns == expected.width)
                let wanted = mask.isPart.indices.map { expected.pixels[$0 * 3] > 127 }
                let both = zip(mask.isPart, wanted).count { $0 && $1 }
                let either = zip(mask.isPart, wanted).count { $0 || $1 }
                #expect(Double(both) >= 0.99 * Double(either), "\(name) at \(level): \(both) of \(either)")
                found += 1
            }
        }
        // A picture without a part, and two of a weave.
        #expect(found == 30 && missed == 6)
    }

    /// Places within 0.2 pixels, directions within 0.25 degrees.
    @Test func thePosesAreTheReferences() throws {
        let fixtures = try GeometryFixtures.read()
        #expect(fixtures.poses.count == 15)
        for (name, expected) in fixtures.poses {
            let picture = try GeometryFixtures.picture(name)
            let mask = try #require(PartMask(of: picture, level: PartMask.poseLevel))
            let pose = PartPose(of: mask, height: picture.height, width: picture.width)
            let off = pose.centre - SIMD2(expected.origin[0], expected.origin[1])
            #expect(abs(off.x) < 0.2 && abs(off.y) < 0.2, "\(name)")
            #expect(abs(pose.elongation / expected.elongation - 1) < 0.01, "\(name)")
            // A part without a main axis lies anyhow, and one without ends in either direction.
            guard expected.elongation > 1.2 else { continue }
            let cosine = pose.along.x * expected.along[0] + pose.along.y * expected.along[1]
            #expect(name.hasPrefix("screw") ? cosine > 0.999_99 : abs(cosine) > 0.999_99, "\(name)")
            guard name.hasPrefix("screw") else { continue }
            for (got, wanted) in [
                (pose.extent.left, expected.extent[0][0]), (pose.extent.top, expected.extent[0][1]),
                (pose.extent.right, expected.extent[1][0]), (pose.extent.bottom, expected.extent[1][1]),
            ] { #expect(abs(got - wanted) < 1.5, "\(name)") }
        }
    }

    /// The same choice; boxes within 1.5 pixels, the size of a cell.
    @Test func theRegionsAreTheReferences() throws {
        for (set, expected) in try GeometryFixtures.read().regions {
            let region = PartRegion.chosen(from: try GeometryFixtures.shots(of: set, expected))
            let mode =
                switch region.shape {
                case .full: "full"
                case .box: "box"
                case .pose: "pose"
                }
            #expect(mode == expected.mode, "\(set)")
            let extent = region.extent
            let differences = [
                extent.left - expected.low[0], extent.top - expected.low[1], extent.right - expected.high[0],
                extent.bottom - expected.high[1],
            ]
            #expect(differences.allSatisfy { abs($0) < 1.5 }, "\(set): \(differences)")
        }
    }

    @Test func theGridsAreTheReferences() throws {
        for grid in try GeometryFixtures.read().grids {
            let region = PartRegion(
                picture: PixelSize(height: 4000, width: 4000),
                shape: .box(PartExtent(left: 0, top: 0, right: grid[0], bottom: grid[1]), share: 1))
            #expect(region.grid(area: Int(grid[2])) == PatchGrid(rows: Int(grid[3]), columns: Int(grid[4])))
        }
    }

    /// Of the reference's own region, so that only the cutting is compared. Upright boxes are the same to the last bit; what is
    /// turned differs by rounding, and where the reference is black in the corners of its turned picture.
    @Test func theCutsAreTheReferences() throws {
        let fixtures = try GeometryFixtures.read()
        var compared = 0
        for name in try GeometryFixtures.cuts() {
            let match = try #require(name.wholeMatch(of: /((\w+)-\w+-\d+)\.(\d+)x(\d+)-(\d+)/))
            let expected = try GeometryFixtures.picture(name)
            let picture = try GeometryFixtures.picture(String(match.1))
            let region = try #require(fixtures.regions[String(match.2)]?.region(of: picture))
            let placement = try #require(region.placement(in: picture))
            let turn = try #require(Double(match.5))
            let cut = placement.turned(byDegrees: turn).cut(picture, height: expected.height, width: expected.width)
            let isExact = turn == 0 && match.2 != "screw"
            #expect(cut.meanDifference(expected) <= (isExact ? 0 : 0.25), "\(name): \(cut.meanDifference(expected))")
            compared += 1
        }
        #expect(compared == 11)
    }
}

extension GeometryFixtures.Region {
    fileprivate func region(of picture: Image) -> PartRegion {
        let extent = PartExtent(left: low[0], top: low[1], right: high[0], bottom: high[1])
        let shape: PartRegion.Shape =
            switch mode {
            case "box": .box(extent, share: 1)
            case "pose": .pose(extent, elongation: 2, share: 1)
            default: .full(because: .fillsPicture)
            }
        return PartRegion(picture: PixelSize(height: picture.height, width: picture.width), shape: shape)
    }
}
