import ControlProtocol
import Testing

extension EndToEndTests {
    @Suite struct SceneTests {
        /// A shot's like under more light is one of the frames.
        private static var frames: [String: [UInt8]] {
            Pictures.line.merging(["7-bright.jpg": Pictures.good(7, light: 1.35)]) { $1 }
        }

        @Test func moreLightIsToldFromADefect() async throws {
            let line = try Line(frames: Self.frames)
            try line.configure(extra: #"scene_shift = "invalid""#)
            try await line.start()
            try await line.addShots()
            let records = try await line.inspectByModel(next: 15)
            #expect(
                records.contains { $0.frame.contains("bright") } && records.contains { $0.frame.contains("defect") })
            for record in records {
                if record.frame.contains("bright") {
                    #expect(record.verdict == .invalid && record.cause == "scene_shifted", "\(record)")
                    #expect(record.sceneShift?.hasPrefix("brightness +") == true, "\(record)")
                } else {
                    #expect(record.sceneShift == nil && record.cause == nil, "\(record)")
                    #expect(!record.frame.contains("defect") || record.verdict == .ng, "\(record)")
                }
            }
            #expect(try await line.stop() == 0)
        }

        @Test func byDefaultAShiftIsAWarning() async throws {
            let line = try Line(frames: Self.frames)
            try await line.start()
            try await line.addShots()
            let records = try await line.inspectByModel(next: 15).filter { $0.frame.contains("bright") }
            #expect(!records.isEmpty)
            for record in records { #expect(record.verdict != .invalid && record.sceneShift != nil, "\(record)") }
            let trend = try #require(try await line.status().recipes.first?.trend)
            #expect(trend.sceneShifts >= UInt64(records.count))
            // Said once a minute at most.
            #expect(line.daemonMessages.count { $0.contains("the scene has shifted") } == 1)
            #expect(try await line.stop() == 0)
        }

        @Test func theDriftOfTheScoresOutlivesARestart() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            try await line.inspect(next: 60)
            let trend = try #require(try await line.status().recipes.first?.trend)
            #expect(trend.parts >= 30 && trend.drift != nil)
            #expect(
                try await line.fsacctl("status").standardOutput.contains("of the way from a typical score to the limit")
            )
            #expect(try await line.stop() == 0)
            try line.configure(rateHertz: 1)
            try await line.start()
            let later = try #require(try await line.status().recipes.first?.trend)
            #expect(later.parts >= trend.parts && later.drift != nil)
            #expect(try await line.stop() == 0)
        }
    }
}
