/// What operators chose with `fsacctl recipe use` (`recipes-in-use.json`).
struct RecipesInUse: Codable, Equatable, Sendable {
    static let fileName = "recipes-in-use.json"

    /// Recipe by camera; also of cameras and recipes that are gone.
    var choices: [String: String] = [:]
    /// What was chosen for all other cameras is lost: none of them is judged by another recipe instead.
    var isLostForOthers = false

    init() {}

    /// Of what could not be read.
    static var lost: RecipesInUse {
        var lost = RecipesInUse()
        lost.isLostForOthers = true
        return lost
    }

    private enum CodingKeys: String, CodingKey {
        case choices
        case isLostForOthers = "lost_for_others"
    }

    init(from decoder: any Decoder) throws {
        // Older versions wrote nothing but the choices.
        if let choices = try? [String: String](from: decoder) {
            self.choices = choices
            return
        }
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        choices = try fields.decode([String: String].self, forKey: .choices)
        isLostForOthers = try fields.decode(Bool.self, forKey: .isLostForOthers)
    }
}
