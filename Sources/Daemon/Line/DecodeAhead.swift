import Capture
import Core
import Platform

/// Decodes the part that is inspected next while another one is in hand: the body of the thread `fsac-decode`.
///
/// Whoever decodes, it is the same function of the same bytes. What goes wrong here is forgotten: the inspection decodes such
/// a part itself, and says why it cannot.
package final class DecodeAhead: Sendable {
    private struct Decoded {
        let order: UInt64
        let request: DecodeRequest
        let image: Image
    }

    private struct State {
        /// The number of the part that is being decoded.
        var order: UInt64?
        /// The latest two: a part's image may be done before the one of the part before it was taken, and no sooner is the next one begun.
        var done: [Decoded] = []
    }

    private let state = Monitor(State())

    package init() {}

    /// Ends with the queue.
    func run(_ queue: PartQueue) {
        var order: UInt64 = 0
        while let part = queue.next(after: order) {
            order = part.order
            decode(part)
        }
    }

    /// Keeps the part's image until it is taken, or the next but one comes.
    package func decode(_ part: Part) {
        guard let picture = try? part.frame.get().payload.get() else { return }
        state.withLock { $0.order = part.order }
        let request = DecodeRequest(part, part.recipe.models.current)
        let image = try? image(of: picture, part, request)
        state.withLock { state in
            state.order = nil
            guard let image else { return }
            state.done = state.done.suffix(1) + [Decoded(order: part.order, request: request, image: image)]
        }
    }

    private func image(of picture: Picture, _ part: Part, _ request: DecodeRequest) throws(Invalidity) -> Image {
        // Before what it costs to decode another camera's frame.
        try FrameGuards.check(InspectionPipeline.size(of: picture), expected: part.size, area: request.area)
        return try request.image(of: picture)
    }

    /// The part's image, if it was decoded as is asked for now; waits where that has begun, for it ends sooner than one that would begin now.
    func take(_ part: Part, _ request: DecodeRequest) -> Image? {
        let taken = state.wait { state -> Image?? in
            if state.order == part.order { return nil }
            guard let place = state.done.firstIndex(where: { $0.order == part.order }) else { return .some(nil) }
            let decoded = state.done.remove(at: place)
            return .some(decoded.request == request ? decoded.image : nil)
        }
        return taken ?? nil
    }
}

/// What of a part's picture is decoded, and how finely.
struct DecodeRequest: Equatable {
    let area: InspectionArea
    /// Pixels that the model needs of the shorter side; nil = there is no model, and only the brightness counts.
    let side: Int?

    init(_ part: Part, _ model: ActiveModel?) {
        // The model's own, also when the configuration has another by now: its patches are of that area.
        area = model?.area ?? part.recipe.area
        side = model?.pictureSide
    }

    func image(of picture: Picture) throws(Invalidity) -> Image {
        try InspectionPipeline.decode(picture, area, side: side)
    }
}
