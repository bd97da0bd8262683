/// What stands out in an anomaly map.
package enum Regions {
    /// The 8-connected areas of `map` at `limit` or above (see `Float.isReject(at:)`), the one with the highest peak first.
    ///
    /// Areas smaller than `minimumArea` pixels are dropped: they are where the map just touches the limit.
    package static func above(_ limit: Float, in map: Matrix, minimumArea: Double) -> [Region] {
        let areas = ConnectedComponents(height: map.rows, width: map.columns) {
            map.values[$0].isReject(at: limit)
        }
        let peaks = self.peaks(of: areas, in: map, atLeast: limit)
        let regions = zip(areas.components, peaks).filter { Double($0.0.area) >= minimumArea }.map(Region.init)
        return regions.sorted { ($0.peak, -$0.y, -$0.x) > ($1.peak, -$1.y, -$1.x) }
    }

    /// The area around the highest point of `map` that lies above the middle between its mean and that point.
    ///
    /// - Parameter inspected: pixels to take the mean over, the others are 0; nil is all.
    package static func aroundPeak(of map: Matrix, inspected: Int? = nil) -> Region {
        // What is no number must not hide the rest.
        let numbers = map.values.lazy.filter { !$0.isNaN }
        let peak = numbers.max() ?? 0
        let mean = numbers.reduce(0) { $0 + Double($1) } / Double(max(inspected ?? map.values.count, 1))
        let threshold = min((Float(mean) + peak) / 2, peak)
        let areas = ConnectedComponents(height: map.rows, width: map.columns) { !(map.values[$0] < threshold) }
        let highest = peaks(of: areas, in: map, atLeast: -.infinity).firstIndex(of: peak) ?? 0
        return Region(areas.components[highest], peak: peak)
    }

    /// - Parameter least: the peak of an area without numbers.
    private static func peaks(of areas: ConnectedComponents, in map: Matrix, atLeast least: Float) -> [Float] {
        var peaks = [Float](repeating: least, count: areas.components.count)
        for (pixel, label) in areas.labels.enumerated() where label >= 0 {
            peaks[Int(label)] = max(peaks[Int(label)], map.values[pixel])
        }
        return peaks
    }
}

extension Region {
    fileprivate init(_ component: ConnectedComponents.Component, peak: Float) {
        self.init(
            x: component.columns.lowerBound, y: component.rows.lowerBound, width: component.columns.count,
            height: component.rows.count, peak: peak)
    }
}
