import ControlProtocol
import Core
import Daemon
import Settings
import Synchronization
import Testing

@Suite struct RecipeRoutesTests {
    @Test func aRecipeIsCopiedAndUsedAndListed() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            let copy = try await line.request("POST", "/v1/recipes/copy", body: #"{"from":"bottle","to":"cap"}"#)
            #expect(copy.status == 201)
            #expect(try copy.decoded(RecipeReply.self).settingsFrom == "bottle")
            let used = try await line.request("POST", "/v1/recipes/use", body: #"{"recipe":"cap"}"#)
            #expect(try used.decoded(RecipeReply.self).cameras == ["cam0"])
            let list = try await line.request("GET", "/v1/recipes").decoded(RecipesReply.self).recipes
            #expect(list.map(\.name) == ["bottle", "cap"])
            #expect(list.map(\.cameras) == [[], ["cam0"]])
            #expect(list.map { $0.model?.generation } == [1, 1])
            var camera = Configuration.Camera()
            camera.name = "cam0"
            #expect(line.book.entry(for: camera)?.name == "cap")
        }
    }

    @Test func requestsGoToTheRecipeThatTheyNameElseToTheOneInUse() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            _ = try await line.request("POST", "/v1/recipes/copy", body: #"{"from":"bottle","to":"cap"}"#)
            try await line.add(TestPicture.png(2), query: "?recipe=cap&refit=false&force=true")
            #expect(line.recipe.view.normals.count == 1)
            #expect(try line.book.entry("cap").recipe.view.normals.count == 2)
            _ = try await line.request("PUT", "/v1/limit?recipe=cap", body: #"{"value":0.5}"#)
            #expect(line.recipe.view.active?.limit == 0.25)
            #expect(try await line.request("GET", "/v1/limit?recipe=cap").decoded(LimitReply.self).value == 0.5)
            #expect(try await line.request("GET", "/v1/limit").decoded(LimitReply.self).value == 0.25)
            _ = try await line.request("POST", "/v1/recipes/use", body: #"{"recipe":"cap"}"#)
            #expect(try await line.request("GET", "/v1/limit").decoded(LimitReply.self).value == 0.5)
            #expect(try await line.request("GET", "/v1/limit?recipe=none").errorCode == .notFound)
        }
    }

    @Test func aFitIsFollowedByRecipeAndNumberWhateverComesIntoUseMeanwhile() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            _ = try await line.request("POST", "/v1/recipes/copy", body: #"{"from":"bottle","to":"cap"}"#)
            let fit = try await line.request("POST", "/v1/refit").decoded(FitReply.self)
            #expect(fit.recipe == "bottle" && fit.request == 2)
            _ = try await line.request("POST", "/v1/recipes/use", body: #"{"recipe":"cap"}"#)
            try await line.waitForFit(2)
            let end = try await line.request("GET", "/v1/refit?recipe=\(fit.recipe)&request=\(fit.request)")
            #expect(try end.decoded(FitReply.self).generation == 2)
            let first = try await line.request("GET", "/v1/refit?recipe=bottle&request=1")
            #expect(try first.decoded(FitReply.self).generation == 1)
            #expect(try await line.request("GET", "/v1/refit?recipe=bottle&request=3").errorCode == .notFound)
        }
    }

    @Test func withCamerasOfDifferentRecipesARecipeHasToBeNamed() async throws {
        try await ControlHarness.serve { line async throws in
            line.line.change { readings in
                readings.cameras.append(CameraReply(name: "cam1", source: "", state: .noModel, recipe: "cap"))
            }
            for path in ["limit", "normals", "models", "refit"] {
                let reply = try await line.request("GET", "/v1/\(path)")
                #expect(reply.errorCode == .conflict)
                #expect(reply.text.contains("bottle, cap"))
                #expect(try await line.request("GET", "/v1/\(path)?recipe=bottle").errorCode != .notFound)
            }
            let several = try await line.request("POST", "/v1/recipes/use", body: #"{"recipe":"bottle"}"#)
            #expect(several.errorCode == .conflict)
        }
    }

    @Test(
        arguments: [
            ("copy", #"{"from":"bottle","to":"bottle"}"#, .conflict), ("copy", #"{"from":"x","to":"y"}"#, .notFound),
            ("copy", #"{"from":"bottle","to":"a/b"}"#, .invalidRequest), ("copy", "{}", .invalidRequest),
            ("use", #"{"recipe":"x"}"#, .notFound), ("use", #"{"recipe":"bottle","camera":"x"}"#, .notFound),
        ] as [(String, String, ErrorCode)])
    func whatCannotBeDoneIsRefused(verb: String, body: String, code: ErrorCode) async throws {
        try await ControlHarness.serve { line async throws in
            #expect(try await line.request("POST", "/v1/recipes/\(verb)", body: body).errorCode == code)
            #expect(line.book.entries.map(\.name) == ["bottle"])
        }
    }

    @Test func aTriggerIsAnsweredWithItsVerdict() async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.request("POST", "/v1/trigger", body: #"{"part":"S1"}"#)
            let verdict = try reply.decoded(TriggerReply.self)
            #expect(verdict.inspection.part == "S1")
            #expect(reply.text.contains(#""exposed_us":2"#) && reply.text.contains(#""triggered_us":1"#))
            let busy = try await line.request("POST", "/v1/trigger", body: #"{"part":"busy"}"#)
            #expect(busy.status == 503)
            #expect(busy.errorCode == .unavailable)
            #expect(try await line.request("POST", "/v1/trigger", body: #"{"camera":"x"}"#).errorCode == .notFound)
        }
    }

    @Test func reloadSaysWhatChangedAndWhatNeedsARestart() async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.request("POST", "/v1/reload")
            #expect(reply.text == #"{"applied":["camera cam0 added"],"needs_restart":["control"]}"# + "\n")
        }
    }
}
