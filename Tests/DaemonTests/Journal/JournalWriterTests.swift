import ControlProtocol
import Daemon
import FoundationEssentials
import Glibc
import Platform
import Testing

@Suite struct JournalWriterTests {
    var harness: JournalHarness

    init() throws {
        harness = try JournalHarness()
    }

    @Test mutating func segmentsEndAtTheirSizeAndTheLinkNamesTheNewest() throws {
        harness.settings.segmentBytes = 2000
        harness.write(40)
        #expect(try harness.sequences() == Array(1...40))
        let segments = try harness.names().filter { $0.hasPrefix("0") }
        #expect(segments.count > 4)
        for name in segments { #expect(try harness.bytes(name).count <= 2000) }
        let link = try harness.bytes("current.jsonl")
        #expect(try link == harness.bytes(#require(segments.last)))
        // Each begins with a header that names the last line of the one before.
        let header = try String(decoding: harness.bytes(segments[1]).prefix { $0 != 10 }, as: UTF8.self)
        let first = try #require(UInt64(segments[1].prefix(12)))
        let crc = String(
            decoding: try harness.read(from: first - 1, count: 1)[0].bytes.suffix(10).prefix(8), as: UTF8.self)
        #expect(
            header.hasPrefix(#"{"type":"header","version":1,"previous_seq":\#(first - 1),"previous_crc":"\#(crc)","#))
    }

    @Test mutating func retentionRemovesTheOldestAndNeverTheNewest() throws {
        harness.settings.segmentBytes = 2000
        harness.settings.maxBytes = 6000
        harness.write(60)
        let left = try harness.sequences()
        #expect(left.last == 60)
        #expect(left == Array(60 - UInt64(left.count) + 1...60))
        #expect(try harness.names().filter { $0.hasPrefix("0") }.count <= 3)
        harness.settings.maxBytes = 1
        harness.write(1)
        #expect(try harness.sequences().last == 61)
    }

    @Test mutating func linesAreFoundByNumberInLongSegments() throws {
        harness.settings.segmentBytes = 1 << 20
        harness.write(6000)
        for first: UInt64 in [1, 2, 777, 2999, 5998, 6000] {
            let lines = try harness.read(from: first, count: 3)
            #expect(lines.map(\.sequence) == Array((first...6000).prefix(3)))
        }
        #expect(try harness.read(from: 6001).isEmpty)
    }

    @Test func theNewerOfTwoSegmentsCountsWhereBothHoldANumber() throws {
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        for frame in ["a", "b", "c"] {
            _ = writer.append(synced: false) { JournalHarness.record($0, durable: $1, frame: frame) }
        }
        writer.sync()
        // Line 4 is written and cannot be synced; in the new segment it no longer claims that it was.
        failing.follow(.all(of: [.sync, .open], errno: EIO))
        let weaker = writer.append(synced: true) { JournalHarness.record($0, durable: $1) }.line
        failing.follow(.never)
        writer.look()
        let old = try String(decoding: harness.bytes("000000000001.jsonl"), as: UTF8.self)
        #expect(old.contains(#""seq":4,"#) && old.contains(#""durable":true"#))
        #expect(try harness.read().last == weaker)
        #expect(try harness.sequences() == [1, 2, 3, 4])
    }

    @Test func linesWaitInMemoryWhileTheDiskIsFullAndAreWrittenAfter() throws {
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        _ = writer.append(synced: false) { JournalHarness.record($0, durable: $1) }
        failing.follow(.all(of: Set(Disk.Operation.allCases), errno: ENOSPC))
        let held = (0..<5).map { _ in writer.append(synced: true) { JournalHarness.record($0, durable: $1) }.line }
        #expect(writer.failure?.errno == ENOSPC)
        #expect(held.allSatisfy { String(decoding: $0.bytes, as: UTF8.self).contains(#""durable":false"#) })
        failing.follow(.never)
        writer.look()
        #expect(writer.failure == nil)
        #expect(try harness.read().suffix(5) == held[...])
        #expect(try harness.sequences() == Array(1...6))
    }

    @Test mutating func onlySoManyLinesAreHeld() throws {
        harness.settings.heldLines = 20
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        failing.follow(.all(of: Set(Disk.Operation.allCases), errno: EROFS))
        for _ in 0..<50 { _ = writer.append(synced: false) { JournalHarness.record($0, durable: $1) } }
        #expect(writer.unsynced.count <= 20)
        failing.follow(.never)
        writer.look()
        #expect(try harness.sequences() == Array(50 - UInt64(writer.lostLines == 30 ? 19 : 50)...50))
        #expect(writer.lostLines + UInt64(try harness.read().count) == 50)
    }

    @Test func aFailedSyncIsNeverTriedAgainOnTheSameFile() throws {
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        for _ in 0..<3 { _ = writer.append(synced: true) { JournalHarness.record($0, durable: $1) } }
        failing.follow(.once(at: failing.operations + 2, errno: EIO))
        let line = writer.append(synced: true) { JournalHarness.record($0, durable: $1) }.line
        // Written, failed to sync, written again to a segment of its own and synced there.
        #expect(String(decoding: line.bytes, as: UTF8.self).contains(#""durable":true"#))
        #expect(try harness.names() == ["000000000001.jsonl", "000000000004.jsonl", "current.jsonl"])
        #expect(try harness.sequences() == [1, 2, 3, 4])
    }

    @Test func aFolderThatVanishesIsMadeAgain() throws {
        var writer = harness.writer()
        _ = writer.append(synced: true) { JournalHarness.record($0, durable: $1) }
        try FileManager.default.removeItem(atPath: harness.folder)
        writer.look()
        let line = writer.append(synced: true) { JournalHarness.record($0, durable: $1) }.line
        #expect(try harness.read() == [line])
    }

    /// SQLite's loop: the n-th operation fails, once or from then on, until a run passes untouched.
    @Test(arguments: [ENOSPC, EIO, EROFS])
    func noErrorOfTheDiskLosesAnAcknowledgedLine(code: CInt) throws {
        for forever in [false, true] {
            var number = 1
            var isTouched = true
            while isTouched {
                var harness = try JournalHarness()
                harness.settings.segmentBytes = 1500
                let failing = FailingDisk(forever ? .from(number, errno: code) : .once(at: number, errno: code))
                var writer = harness.writer(failing.disk)
                var lines: [VerdictLine] = []
                for index in 0..<9 {
                    lines.append(writer.append(synced: index % 3 == 0) { JournalHarness.record($0, durable: $1) }.line)
                }
                isTouched = failing.operations >= number
                let durable = lines.filter { String(decoding: $0.bytes, as: UTF8.self).contains(#""durable":true"#) }
                let read = try? harness.read()
                #expect(durable.allSatisfy { read?.contains($0) == true }, "operation \(number), errno \(code)")
                failing.follow(.never)
                writer.look()
                writer.sync()
                #expect(try harness.read() == lines, "operation \(number), errno \(code), forever \(forever)")
                // The next start finds nothing to mend.
                #expect(harness.write(1).map(\.sequence) == [10], "operation \(number), errno \(code)")
                number += 1
            }
            #expect(number > 20)
        }
    }
}
