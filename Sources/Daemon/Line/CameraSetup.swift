package import Capture
import ControlProtocol
import Core
import Platform
package import Settings

/// A camera of the line: its settings, the recipe it begins with, and how its source is made.
///
/// A value that a reload compares: equal settings leave the camera alone.
package struct CameraSetup: Sendable {
    package let configuration: Configuration.Camera
    package var recipe: LineRecipe
    /// Another one, by which a file is judged that waited when this one came into use.
    package let recipeNamed: @Sendable (String) -> LineRecipe
    /// Called on the capture thread.
    package let makeSource: @Sendable () -> any FrameSource

    package init(
        _ configuration: Configuration.Camera, recipe: LineRecipe,
        recipeNamed: @escaping @Sendable (String) -> LineRecipe = LineRecipe.gone,
        makeSource: @escaping @Sendable () -> any FrameSource
    ) {
        self.configuration = configuration
        self.recipe = recipe
        self.recipeNamed = recipeNamed
        self.makeSource = makeSource
    }

    /// With the source that the configuration names.
    package init(
        _ configuration: Configuration.Camera, recipe: LineRecipe,
        recipeNamed: @escaping @Sendable (String) -> LineRecipe = LineRecipe.gone, journal: VerdictJournal
    ) {
        self.init(configuration, recipe: recipe, recipeNamed: recipeNamed) {
            configuration.makeSource(journal: journal)
        }
    }

    var name: String { configuration.name }

    /// Size that frames must have; nil = any.
    var size: (height: Int, width: Int)? {
        configuration.height > 0 ? (configuration.height, configuration.width) : nil
    }

    /// Of a trigger that this side makes: from the frame to the beginning of its inspection.
    /// A trigger that somebody sends has its deadline in its ticket.
    var deadline: Duration? {
        switch configuration.trigger {
        case .continuous, .software, .line: nil
        case .interval, .presence: triggerDeadline
        }
    }

    var triggerDeadline: Duration { .milliseconds(configuration.triggerDeadlineMilliseconds) }

    /// Without a frame for longer, the camera is no longer believed to deliver; nil = frames come when they come.
    var framePatience: Duration? {
        // A watched folder may be silent for days.
        guard configuration.source == .v4l2 || configuration.mode == .replay else { return nil }
        guard configuration.rateHertz > 0 else { return .seconds(2) }
        // Not shorter than V4L2Stream's own patience with a stream, which has the better words for what is wrong.
        return max(.seconds(2), .seconds(5 / configuration.rateHertz))
    }

    var policy: LanePolicy {
        switch configuration.trigger {
        case .software, .line: return .triggered
        // The source waits while so many do; the deadline says which of them waited too long.
        case .interval, .presence: return .everyPart(capacity: PartQueueStateMachine.triggerLimit)
        case .continuous: break
        }
        switch (configuration.source, configuration.mode) {
        case (.v4l2, _): return .newest
        // Without repeating every picture is meant to get its verdict: the source waits for each.
        case (.folder, .replay): return configuration.repeat ? .newest : .everyPart(capacity: 1)
        case (.folder, .watch): return .everyPart(capacity: configuration.queueLength)
        }
    }

    /// Called on the capture thread.
    ///
    /// - Parameter roi: what of the frame is looked at now; what moves outside of it is no part.
    func rule(roi: @escaping () -> PixelRectangle?) -> FrameSelection.Rule {
        switch configuration.trigger {
        case .continuous, .software, .line: return .everyFrame
        case .interval: return .interval(.milliseconds(configuration.intervalMilliseconds))
        case .presence:
            // In the closure, on the capture thread: one for each run of the camera.
            var detector = PresenceDetector(
                startLevel: configuration.motionStartLevel, stopLevel: configuration.motionStopLevel,
                stillFrames: configuration.stillFrames)
            return .atRest { frame in
                let isAtRest = detector.cameToRest(GreyThumbnail(frame, roi: roi()))
                return (isAtRest, detector.wentBlind)
            }
        }
    }
}

extension GreyThumbnail {
    private static let smallestSide = 64

    /// Nil for a frame that cannot be believed: it says nothing about movement.
    fileprivate init?(_ frame: Frame, roi: PixelRectangle?) {
        // Why it cannot be believed is told to whoever waits for it.
        guard case .success(let picture) = frame.payload,
            let image = try? picture.image(of: roi, atLeast: Self.smallestSide)
        else { return nil }
        self.init(image)
    }
}
