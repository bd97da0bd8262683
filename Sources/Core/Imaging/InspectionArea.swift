import Platform

/// A place in a picture, in whole pixels from its upper left corner.
package struct PixelPoint: Codable, Sendable, Equatable {
    package var x: Int
    package var y: Int

    package init(x: Int, y: Int) {
        self.x = x
        self.y = y
    }
}

/// The size of a picture in pixels.
package struct PixelSize: Codable, Sendable, Equatable {
    package var height: Int
    package var width: Int

    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    package init(square side: Int) {
        self.init(height: side, width: side)
    }
}

/// What of a camera's frame is inspected: everything in the region of interest but what lies in an ignored polygon.
package struct InspectionArea: Codable, Sendable, Equatable {
    /// In pixels of the frame; nil is the whole frame.
    package var roi: PixelRectangle?
    /// Corners of polygons in pixels of the frame. Inside is what the even-odd rule says of each; a patch or pixel lies
    /// where its centre lies.
    package var ignore: [[PixelPoint]]

    package static let wholeFrame = InspectionArea()

    package init(roi: PixelRectangle? = nil, ignore: [[PixelPoint]] = []) {
        self.roi = roi
        self.ignore = ignore
    }

    /// The region of interest in a frame of this size.
    package func rectangle(in frame: PixelSize) -> PixelRectangle {
        roi ?? PixelRectangle(x: 0, y: 0, width: frame.width, height: frame.height)
    }

    /// What is wrong with it; nil when nothing is.
    package var problem: String? {
        // Far more than any sensor has; keeps sums and products far from overflow.
        let places = -(1 << 20)...(1 << 20)
        if let roi, !roi.lies(inHeight: places.upperBound, width: places.upperBound) {
            return "roi: expected x and y of at least 0, width and height of at least 1, got \(roi.text)"
        }
        for polygon in ignore {
            if polygon.count < 3 {
                return "ignore: expected polygons of at least 3 corners, got one of \(polygon.count)"
            }
            if let corner = polygon.first(where: { !places.contains($0.x) || !places.contains($0.y) }) {
                return "ignore: expected corners in pixels of the frame, got (\(corner.x), \(corner.y))"
            }
        }
        return nil
    }

    /// In words that differ whenever areas differ; nil for the whole frame.
    package var text: String? {
        var phrases: [String] = []
        if let roi { phrases.append("region of \(roi.text)") }
        if !ignore.isEmpty {
            let corners = ignore.map { $0.map { "\($0.x),\($0.y)" }.joined(separator: " ") }.joined(separator: "; ")
            let digest = hexadecimal(SHA256.digest(of: corners.utf8)).prefix(8)
            phrases.append("\(ignore.count) ignored polygon\(ignore.count == 1 ? "" : "s") (\(digest))")
        }
        return phrases.isEmpty ? nil : phrases.joined(separator: ", ")
    }
}

extension InspectionArea {
    /// The stretches of the line at height `y` that lie in ignored polygons; they may overlap.
    func ignoredSpans(atHeight y: Double) -> [Range<Double>] {
        ignore.flatMap { polygon in
            var crossings: [Double] = []
            for (corner, next) in zip(polygon, polygon.dropFirst() + polygon.prefix(1)) {
                let (top, bottom) = (Double(corner.y), Double(next.y))
                guard (top <= y) != (bottom <= y) else { continue }
                crossings.append(Double(corner.x) + (y - top) / (bottom - top) * Double(next.x - corner.x))
            }
            crossings.sort()
            // A closed line crosses another an even number of times.
            return stride(from: 0, to: crossings.count, by: 2).map { crossings[$0]..<crossings[$0 + 1] }
        }
    }

    /// Whether a place lies in an ignored polygon.
    package func ignores(x: Double, y: Double) -> Bool {
        ignoredSpans(atHeight: y).contains { $0.contains(x) }
    }

    /// Calls `body` with the ignored columns of each row of a picture that shows `window` of the frame scaled to `height` x
    /// `width`. Columns may come twice where polygons overlap.
    func forEachIgnoredRun(
        of window: PixelRectangle, height: Int, width: Int, _ body: (_ row: Int, _ columns: Range<Int>) -> Void
    ) {
        guard !ignore.isEmpty else { return }
        let (down, across) = (Double(height) / Double(window.height), Double(width) / Double(window.width))
        func column(_ x: Double) -> Int {
            Int(min(max(((x - Double(window.x)) * across - 0.5).rounded(.up), 0), Double(width)))
        }
        for row in 0..<height {
            for span in ignoredSpans(atHeight: Double(window.y) + (Double(row) + 0.5) / down) {
                body(row, column(span.lowerBound)..<column(span.upperBound))
            }
        }
    }
}

extension PixelRectangle {
    /// `640 x 480 at (10, 20)`: width, height and the upper left corner.
    package var text: String { "\(width) x \(height) at (\(x), \(y))" }
}
