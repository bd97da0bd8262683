import ControlProtocol
import Foundation
import Glibc
import Testing

extension EndToEndTests {
    /// The daemon ends when it has to, whatever hangs, and says why.
    @Suite struct EndTests {
        enum Hindrance: CaseIterable {
            case noSuchGroup, noSuchFolder, fileInPlace
        }

        @Test(arguments: Hindrance.allCases)
        func aSocketThatCannotBeHadEndsTheStartWith78AndAMessage(_ hindrance: Hindrance) async throws {
            let line = try Line(frames: Pictures.line)
            let good = try String(contentsOfFile: line.configurationPath, encoding: .utf8)
            let (wrong, hint) =
                switch hindrance {
                case .noSuchGroup: ("socket = \"\(line.socket)\"\nsocket_group = \"no-such-group\"", "groupadd")
                case .noSuchFolder: ("socket = \"\(line.folder)/none/control.sock\"", "make it")
                case .fileInPlace: ("socket = \"\(line.folder)/file\"", "not a socket")
                }
            try Data("precious".utf8).write(to: URL(filePath: "\(line.folder)/file"))
            try good.replacing("socket = \"\(line.socket)\"", with: wrong)
                .write(toFile: line.configurationPath, atomically: true, encoding: .utf8)
            let daemon = try line.launch()
            #expect(try await daemon.exitCode() == 78)
            #expect(daemon.standardError.contains("fsacd: control socket: "), "\(daemon.standardError)")
            #expect(daemon.standardError.contains(hint), "\(daemon.standardError)")
            #expect(try String(contentsOfFile: "\(line.folder)/file", encoding: .utf8) == "precious")
            // The lock is free, and nothing else is in the way.
            try good.write(toFile: line.configurationPath, atomically: true, encoding: .utf8)
            try await line.start()
            #expect(try await line.stop() == 0)
        }

        @Test func aJournalThatCannotBeWrittenAndPicturesThatCannotBeStoredAreSaid() async throws {
            let line = try Line(frames: Pictures.line)
            try FileManager.default.createDirectory(atPath: line.state, withIntermediateDirectories: true)
            let (journal, images) = ("\(line.state)/journal", "\(line.state)/images")
            try Data().write(to: URL(filePath: journal))
            try await line.start()
            let (status, reply) = try await line.health()
            #expect(status == 503 && reply.state == .journalFailed, "\(reply)")
            #expect(reply.reason?.contains("\(line.state)/journal") == true, "\(reply)")
            #expect(try await line.stop() == 0)
            // Parts without a line have no pictures: those are said of a line that has one.
            try FileManager.default.removeItem(atPath: journal)
            try Data().write(to: URL(filePath: images))
            try await line.start()
            try await eventually("the pictures' warning") {
                try await line.health().reply.warnings.contains { $0.place == "pictures" }
            }
            #expect(try await line.stop() == 0)
        }

        @Test func anInspectionThatHangsIsSaidAtOnceAndDoesNotKeepTheDaemon() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            #expect(try await line.stop() == 0)
            try await line.start(environment: ["FSAC_FAILPOINT": "inference.hang:5"])
            try await eventually("a monitor to hear of it") { try await line.health().status == 503 }
            let (_, reply) = try await line.health()
            #expect(reply.state == .inspectionStalled)
            #expect(reply.causes.map(\.place) == ["inspection"])
            #expect(try await line.status().state == .inspectionStalled)
            let shown = try await line.fsacctl("tail", "--lines", "3", "--json").standardOutput
            line.send(SIGTERM)
            #expect(try await line.daemon?.exitCode() == 70)
            let message = line.daemon?.standardError ?? ""
            #expect(message.contains("fsacd: inspection did not stop"), "\(message)")
            #expect(message.contains("every verdict that was shown is on the disk"), "\(message)")
            let journal = Set(try line.journal.lines)
            #expect(shown.split(separator: "\n").map(String.init).allSatisfy(journal.contains))
            // Nothing is held any more.
            try await line.start()
            #expect(try await line.stop() == 0)
        }

        @Test(
            arguments: [
                ("capture.hang:1", [0]), ("fit.hang:1", [70]), ("disk(fdatasync).hang:1", [70]),
                ("supervision.hang:1", [0, 70]),
            ] as [(String, [Int32])])
        func nothingThatHangsKeepsTheDaemon(failpoint: String, codes: [Int32]) async throws {
            let line = try Line(frames: Pictures.line)
            let start = "\(line.folder)/hang-now"
            // With a watchdog that nobody looks at: without one there is no supervision that could hang.
            try await line.start(environment: [
                "FSAC_FAILPOINT": failpoint, "FSAC_FAILPOINT_AFTER": start, "WATCHDOG_USEC": "2000000",
            ])
            try await line.inspect(next: 3)
            try Data().write(to: URL(filePath: start))
            let client = try Program(
                "fsacctl", ["add-normal", "\(line.frames)/\(Pictures.shots[0])", "--socket", line.socket],
                folder: line.folder, label: "add")
            let daemon = try #require(line.daemon)
            try await eventually("the hang") { daemon.standardError.contains("failpoint: hang") }
            line.send(SIGTERM)
            let code = try await daemon.exitCode()
            #expect(codes.contains(code), "\(code): \(daemon.standardError)")
            if failpoint.hasPrefix("disk") {
                #expect(daemon.standardError.contains("may be lost at a power cut"), "\(daemon.standardError)")
            }
            client.send(SIGTERM)
            try await client.exitCode()
        }

        @Test(arguments: [
            "", "GET /v1/sta", "GET /v1/tail?last=0 HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /v1/normals HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\nhalf",
        ])
        func aClientThatNeitherReadsNorLeavesDoesNotKeepTheDaemon(request: String) async throws {
            let line = try Line(frames: Pictures.line, rateHertz: 50)
            try await line.start()
            var clients: [CInt] = []
            defer { for client in clients { close(client) } }
            for _ in 0..<3 {
                let client = try SocketRequest.connected(to: line.socket)
                clients.append(client)
                #expect(write(client, request, request.utf8.count) == request.utf8.count)
            }
            try await line.inspect(next: 20)
            #expect(try await line.stop() == 0)
        }

        @Test func aReloadThatIsAskedForAtTheStartIsDoneAndEndsNothing() async throws {
            let line = try Line(frames: Pictures.line)
            let daemon = try line.launch()
            // From the first word on: before main there is nobody to hear it.
            try await eventually("the start") { daemon.standardError.contains("camera starts") || !daemon.isRunning }
            line.send(SIGHUP)
            try await eventually("the reload", evidence: { daemon.standardError }) {
                daemon.standardError.contains("configuration read again")
            }
            #expect(try await line.stop() == 0)
        }
    }
}
