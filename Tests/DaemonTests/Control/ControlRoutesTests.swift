import ControlProtocol
import Daemon
import Foundation
import Synchronization
import Testing

@Suite struct ControlRoutesTests {
    @Test func statusTellsTheStateOfTheLine() async throws {
        try await ControlHarness.serve { line async throws in
            let status = try await line.request("GET", "/v1/status").decoded(StatusReply.self)
            #expect(status.state == .inspecting)
            #expect(status.cameras.map(\.name) == ["cam0"])
            #expect(status.recipes.map(\.name) == ["bottle"])
            #expect(status.recipes.map(\.cameras) == [["cam0"]])
            #expect(status.recipes[0].model == nil)
            #expect(status.counts == CountsReply(ok: 4, ng: 1, invalid: 2, causes: ["no_model": 2]))
        }
    }

    @Test func healthIs200OnlyWhileFramesAreInspected() async throws {
        try await ControlHarness.serve { line async throws in
            #expect(try await line.request("GET", "/healthz").status == 200)
            line.line.change {
                $0.health = Health([
                    Finding("camera cam0", .cameraLost, "unplugged"), Finding("storage", .storageFailed, "gone"),
                    Finding(warning: "fit", "failed"),
                ])
            }
            let reply = try await line.request("GET", "/healthz")
            #expect(reply.status == 503)
            let health = try reply.decoded(HealthReply.self)
            #expect(health.state == .storageFailed && health.reason == "gone")
            #expect(health.causes.map(\.place) == ["storage", "camera cam0"])
            #expect(health.warnings.map(\.place) == ["fit"] && health.warnings.map(\.reason) == ["failed"])
            // One value for all who ask.
            let status = try await line.request("GET", "/v1/status").decoded(StatusReply.self)
            #expect(status.causes == health.causes && status.warnings == health.warnings)
            #expect(try await line.request("GET", "/metrics").text.contains("\nfsac_up 0\n"))
            line.line.change { $0.health = Health([Finding(warning: "fit", "failed")]) }
            #expect(try await line.request("GET", "/healthz").status == 200)
            #expect(try await line.request("GET", "/metrics").text.contains("\nfsac_up 1\n"))
        }
    }

    @Test func metricsArePrometheusText() async throws {
        try await ControlHarness.serve { line async throws in
            line.line.change { readings in
                var times = LatencyHistogram()
                for milliseconds in [20, 25, 25.001, 20_000] { times.add(milliseconds) }
                (readings.stages[.total], readings.outputs["cam0"]) = (times, times)
            }
            let reply = try await line.request("GET", "/metrics")
            #expect(reply.head.lowercased().contains("content-type: text/plain; version=0.0.4"))
            let lines = reply.text.split(separator: "\n")
            #expect(lines.contains(#"fsac_verdicts_total{camera="cam0",verdict="NG"} 1"#))
            #expect(lines.contains(#"fsac_invalid_total{camera="cam0",cause="no_model"} 2"#))
            #expect(lines.contains(#"fsac_latency_seconds_bucket{stage="total",le="0.01"} 0"#))
            #expect(lines.contains(#"fsac_latency_seconds_bucket{stage="total",le="0.025"} 2"#))
            #expect(lines.contains(#"fsac_latency_seconds_bucket{stage="total",le="10.0"} 3"#))
            #expect(lines.contains(#"fsac_latency_seconds_bucket{stage="total",le="+Inf"} 4"#))
            #expect(lines.contains(#"fsac_latency_seconds_sum{stage="total"} 20.070001"#))
            #expect(lines.contains(#"fsac_latency_seconds_count{stage="total"} 4"#))
            #expect(lines.contains(#"fsac_build_info{version="\#(FsacVersion.text)"} 1"#))
            #expect(lines.contains(#"fsac_frames_dropped_total{camera="cam0"} 2"#))
        }
    }

    @Test func theSocketIsForItsGroupAndGoesWithTheServer() async throws {
        var socket = ""
        try await ControlHarness.serve { line async throws in
            socket = line.socket
            // The permissions are set right after binding.
            var mode: UInt16?
            for _ in 0..<500 where mode != 0o660 {
                mode =
                    try FileManager.default.attributesOfItem(atPath: line.socket)[.posixPermissions] as? UInt16
                    ?? (FileManager.default.attributesOfItem(atPath: line.socket)[.posixPermissions] as? NSNumber)?
                    .uint16Value
                try await Task.sleep(for: .milliseconds(2))
            }
            #expect(mode == 0o660)
        }
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func thePathsOfModelsAndLimitWork() async throws {
        try await ControlHarness.serve { line async throws in
            #expect(try await line.request("GET", "/v1/limit").errorCode == .conflict)
            #expect(try await line.request("POST", "/v1/refit").errorCode == .conflict)
            try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            _ = try await line.request("POST", "/v1/refit")
            try await line.waitForFit(2)
            let set = try await line.request("PUT", "/v1/limit", body: #"{"value":0.5}"#).decoded(LimitReply.self)
            #expect(set.value == 0.5 && set.manual && set.calibrated == 0.25 && set.uncertain == [0.5, 0.5])
            #expect(set.evidence.hasPrefix("from 1 part, 1 held-out scores"))
            #expect(try await line.request("PUT", "/v1/limit", body: #"{"value":-1}"#).errorCode == .invalidRequest)
            let auto = try await line.request("PUT", "/v1/limit", body: #"{"value":null}"#)
            #expect(try auto.decoded(LimitReply.self).value == 0.25)
            let models = try await line.request("GET", "/v1/models").decoded(ModelsReply.self).models
            #expect(models.map(\.generation) == [2, 1])
            #expect(models.map(\.current) == [true, false])
            let old = try await line.request("POST", "/v1/models/rollback").decoded(GenerationReply.self)
            #expect(old.generation == 1)
            #expect(try await line.request("POST", "/v1/models/rollback").errorCode == .conflict)
            let missing = try await line.request("POST", "/v1/models/rollback", body: #"{"generation":9}"#)
            #expect(missing.status == 404)
        }
    }

    @Test(arguments: ["/", "/v1", "/v2/status", "/v1/status/x", "/v1/%2e%2e/status"])
    func anUnknownPathIs404WithAnErrorBody(path: String) async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.request("GET", path)
            #expect(reply.status == 404)
            #expect(reply.errorCode == .notFound)
        }
    }

    @Test(arguments: ["{", "[]", #"{"value":"high"}"#, "\u{0}\u{0}", String(repeating: "[", count: 5000)])
    func aBodyThatIsNotTheJSONExpectedIs400AndChangesNothing(body: String) async throws {
        try await ControlHarness.serve { line async throws in
            try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            let reply = try await line.request("PUT", "/v1/limit", body: body)
            #expect(reply.status == 400)
            #expect(reply.errorCode == .invalidRequest)
            #expect(line.recipe.view.active?.limit == 0.25)
        }
    }

    @Test func aJSONBodyOverTheBoundIs413() async throws {
        try await ControlHarness.serve { line async throws in
            let body = #"{"value":"# + String(repeating: "1", count: ControlLimits.requestBytes) + "}"
            let reply = try await line.request("PUT", "/v1/limit", body: body)
            #expect(reply.status == 413)
            #expect(reply.errorCode == .tooLarge)
        }
    }
}
