import ControlProtocol
import Gateway
import Testing

@Suite struct StationCommandTests {
    @Test func aRecipeAndALotAreAskedForAsOfTheDaemonItself() throws {
        let recipe = try StationCommand(.recipe, Array(#"{"recipe":"bottle","camera":"c"}"#.utf8))
        #expect(recipe.request == .recipe(UseRecipeRequest(recipe: "bottle", camera: "c")))
        let lot = try StationCommand(.lot, Array(#"{"lot":"L-2231"}"#.utf8))
        #expect(lot.request == .lot(LotRequest(camera: nil, lot: "L-2231")))
        // No lot any more.
        #expect(try StationCommand(.lot, Array("{}".utf8)).request == .lot(LotRequest(camera: nil, lot: nil)))
    }

    @Test(arguments: [
        "", "bottle", "[]", #"{"recipe":1}"#, #"{"recipes":"bottle"}"#, #"{"recipe":"a","recipe":"b"}"#, "{}",
        #"{"recipe":"a","limit":0.1}"#,
    ])
    func whatIsNoCommandIsRefusedWithItsReason(payload: String) {
        let problem = #expect(throws: RequestProblem.self) { try StationCommand(.recipe, Array(payload.utf8)) }
        #expect(problem?.description.isEmpty == false)
    }

    @Test func itsTopicIsTheStations() {
        let topics = MQTTTopics(station: "press-4")
        #expect(
            StationCommand.Kind.allCases.map { topics.topic(of: $0) } == [
                "fsac/press-4/command/recipe", "fsac/press-4/command/lot",
            ])
    }
}
