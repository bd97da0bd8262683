/// Where a view lies in a picture: how places of the one become places of the other. Places are shares of width and height.
package struct ViewPlacement: Sendable, Equatable {
    /// Of the view's upper left corner in the picture.
    let origin: SIMD2<Double>
    /// From there to the view's upper right and lower left corners.
    let right: SIMD2<Double>
    let down: SIMD2<Double>

    /// Of a view that shows the whole picture as it is.
    package static let whole = ViewPlacement(origin: [0, 0], right: [1, 0], down: [0, 1])

    /// - Parameter inPicture: from a place in the view to the place in the picture, an affine map.
    package init(_ inPicture: (_ x: Double, _ y: Double) -> (x: Double, y: Double)) {
        func place(_ x: Double, _ y: Double) -> SIMD2<Double> {
            let place = inPicture(x, y)
            return SIMD2(place.x, place.y)
        }
        origin = place(0, 0)
        right = place(1, 0) - origin
        down = place(0, 1) - origin
    }

    init(origin: SIMD2<Double>, right: SIMD2<Double>, down: SIMD2<Double>) {
        self.origin = origin
        self.right = right
        self.down = down
    }

    func inPicture(x: Double, y: Double) -> (x: Double, y: Double) {
        let place = origin + x * right + y * down
        return (place.x, place.y)
    }

    /// Where the view lies in a picture of which this picture is a view itself.
    func through(_ outer: ViewPlacement) -> ViewPlacement {
        ViewPlacement { x, y in
            let place = inPicture(x: x, y: y)
            return outer.inPicture(x: place.x, y: place.y)
        }
    }

    /// The inverse of ``inPicture(x:y:)``; not a number when the view is a line.
    package func inView(x: Double, y: Double) -> (x: Double, y: Double) {
        let offset = SIMD2(x, y) - origin
        let area = right.x * down.y - right.y * down.x
        return ((offset.x * down.y - offset.y * down.x) / area, (right.x * offset.y - right.y * offset.x) / area)
    }

    /// Whether the view shows a place of the picture.
    package func covers(x: Double, y: Double) -> Bool {
        let place = inView(x: x, y: y)
        return (0...1).contains(place.x) && (0...1).contains(place.y)
    }
}
