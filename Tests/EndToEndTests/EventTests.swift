import ControlProtocol
import Foundation
import Glibc
import Testing

extension EndToEndTests {
    @Suite struct EventTests {
        private func events(_ line: Line) async throws -> [EventRecord] {
            let output = try await line.fsacctl("events", "--json")
            // A number that was reserved when the daemon was killed is told as a gap.
            return try output.standardOutput.split(separator: "\n").filter { !$0.contains(#""type":"gap""#) }.map {
                try ControlCoding.decode(EventRecord.self, from: Data($0.utf8))
            }
        }

        @Test func whatWasDoneToALineAndByWhomIsThereAfterAKill() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            #expect(try await line.fsacctl("limit", "set", "0.5").exitCode == 0)
            try line.configure(rateHertz: 10, extra: "sensitivity = 0.75")
            #expect(try await line.fsacctl("reload").exitCode == 0)
            try await line.kill()
            try await line.start()
            let events = try await events(line)
            #expect(zip(events, events.dropFirst()).allSatisfy { $0.seq < $1.seq })
            #expect(events.filter { $0.event == .start }.count == 2)
            #expect(events.filter { $0.event == .shotAdded }.count == 3)
            #expect(events.contains { $0.event == .generation && $0.origin == .daemon })
            let limit = try #require(events.first { $0.event == .limit })
            #expect(limit.uid == getuid() && limit.after["limit"] == .number(0.5))
            let start = try #require(events.last { $0.event == .start })
            #expect(start.after["recipe.part.limit"] == .number(0.5))
            let reload = try #require(events.first { $0.event == .reload })
            #expect(reload.before["camera.camera1.rate_hz"] == .text("25"))
            #expect(reload.after["camera.camera1.rate_hz"] == .text("10"))
            #expect(reload.after["recipe.part.sensitivity"] == .text("0.75"))
            #expect(reload.after.count == 3)
            let text = try await line.fsacctl("events").standardOutput
            #expect(
                text.contains("limit") && text.contains("uid \(getuid())") && text.contains("limit 0.5, manual true"))
        }

        @Test func aReloadBySignalIsTold() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            line.send(SIGHUP)
            try await eventually("the reload") {
                try await self.events(line).contains { $0.event == .reload && $0.origin == .signal }
            }
        }

        @Test func whatSomebodySaidOfPartsIsThereAfterAKill() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            var numbers: [UInt64] = []
            try await eventually("ten judged parts") {
                let lines = try await line.fsacctl("history", "--json", "-n1000").standardOutput.split(separator: "\n")
                numbers = try lines.map { try ControlCoding.decode(InspectionRecord.self, from: Data($0.utf8)) }
                    .filter { $0.verdict != .invalid }.map(\.seq)
                return numbers.count >= 10
            }
            for number in numbers.prefix(5) {
                #expect(try await line.fsacctl("judge", "\(number)", "ng").exitCode == 0)
            }
            try await line.kill()
            try await line.start()
            for number in numbers.dropFirst(5).prefix(5) {
                #expect(try await line.fsacctl("judge", "\(number)", "ok", "--note", "dust").exitCode == 0)
            }
            try await line.kill()
            try await line.start()
            let said = try await events(line).filter { $0.event == .judgement }
            #expect(said.map { $0.after["seq"] } == numbers.prefix(10).map { .count(Int($0)) })
            #expect(said.allSatisfy { $0.uid == getuid() })
            let output = try await line.fsacctl("statistics", "--json")
            let rejudged = try ControlCoding.decode(StatisticsReply.self, from: Data(output.standardOutput.utf8)).total
                .rejudged
            #expect((rejudged?.falseRejects?.of ?? 0) + (rejudged?.escapes?.of ?? 0) == 10)
        }
    }
}
