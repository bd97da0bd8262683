/// Answer of `GET /v1/inspections/<seq>/nearest?as=json`: what the picture beside it shows.
package struct NearestReply: Codable, Sendable, Equatable {
    package enum Way: String, Codable, Sendable {
        /// The good patch that is most like what the part shows where it is most unusual.
        case nearest
        /// The same place of the shot that looks most like the part: the method remembers no patches, or the model was fitted
        /// by a version that did not note where they come from.
        case samePlace = "same_place"
    }

    /// Why there is nothing to show.
    package enum Missing: String, Codable, Sendable, CaseIterable {
        /// The part was not judged by a model.
        case judgement
        /// The part's picture is not stored, or not any more.
        case picture
        /// The generation that judged it is not stored any more, or the line cannot compute by it any more.
        case generation
        /// The model finds no part in the picture.
        case part
        /// The good picture was removed.
        case shot
    }

    /// A square of a picture, in pixels of the whole picture.
    package struct Square: Codable, Sendable, Equatable {
        /// Of its middle.
        package var x: Double
        package var y: Double
        package var side: Double
        /// By which it is turned clockwise.
        package var degrees: Double

        package init(x: Double, y: Double, side: Double, degrees: Double) {
            self.x = x
            self.y = y
            self.side = side
            self.degrees = degrees
        }
    }

    package var seq: UInt64
    package var recipe: String
    /// That judged the part.
    package var generation: Int?
    package var way: Way?
    /// Whose picture is on the right, by its SHA-256; nil = a part of the line that taught the model.
    package var shot: String?
    /// The verdict of that part.
    package var learnt: UInt64?
    /// Of both patches, 0...2; absent where they were not compared.
    package var distance: Float?
    package var part: Square?
    package var good: Square?
    package var missing: Missing?
    /// For people, one line.
    package var text: String

    package init(seq: UInt64, recipe: String, generation: Int? = nil, missing: Missing? = nil, text: String) {
        self.seq = seq
        self.recipe = recipe
        self.generation = generation
        self.missing = missing
        self.text = text
    }
}
