package import Core
package import Settings

/// A recipe as the inspection thread uses it. A part keeps the one that was in use when it was captured.
///
/// A value: a reload makes another one with a slot of its own, so that a part that was captured before keeps limits and
/// model of one configuration. Crosses from the control plane to capture and inspection.
package struct LineRecipe: Sendable {
    package let name: String
    /// The one thing that changes: shared by all parts of the recipe, and swapped when a generation comes.
    package let models: ModelSlot
    /// Mean grey level, 0 to 255, that a frame must have inside of the ROI.
    package let brightness: ClosedRange<Double>
    /// That many equal payloads in a row are a frozen camera; 0 = off.
    package let frozenFrames: Int
    /// What of the frame is looked at while there is no model that knows.
    package let area: InspectionArea
    /// What becomes of a part whose picture as a whole is not as the shots.
    package let sceneShift: Configuration.RecipeSettings.SceneShiftPolicy
    /// Parts of each generation that are kept to teach it by; 0 = none.
    package let teachParts: Int

    package init(
        name: String, models: ModelSlot, brightness: ClosedRange<Double> = 0...255, frozenFrames: Int = 0,
        area: InspectionArea = .wholeFrame, sceneShift: Configuration.RecipeSettings.SceneShiftPolicy = .warn,
        teachParts: Int = 0
    ) {
        self.name = name
        self.models = models
        self.brightness = brightness
        self.frozenFrames = frozenFrames
        self.area = area
        self.sceneShift = sceneShift
        self.teachParts = teachParts
    }

    /// Of a name that is not there any more: no part is judged by another one instead.
    package static func gone(_ name: String) -> LineRecipe {
        let reason =
            "recipe \(name), which was in use when this picture was complete, is not there any more: put its table back "
            + "and let the picture come again"
        return LineRecipe(name: name, models: ModelSlot(Invalidity(.noModel, reason)))
    }

    package init(_ settings: Configuration.RecipeSettings, name: String, models: ModelSlot) {
        self.init(
            name: name, models: models, brightness: settings.minBrightness...settings.maxBrightness,
            frozenFrames: settings.frozenFrames, area: settings.area, sceneShift: settings.sceneShift,
            teachParts: settings.teachParts)
    }
}
