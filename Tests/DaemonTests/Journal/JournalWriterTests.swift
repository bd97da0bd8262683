import ControlProtocol
import Daemon
import FoundationEssentials
import Glibc
import Journal
import Platform
import Synchronization
import TestSupport
import Testing

@Suite struct JournalWriterTests {
    var harness: JournalHarness

    init() throws {
        harness = try JournalHarness()
    }

    @Test mutating func segmentsEndAtTheirSizeAndTheLinkNamesTheNewest() throws {
        harness.settings.segmentBytes = 2000
        try harness.write(40)
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

    private func inode(_ name: String) -> (number: ino_t, isLink: Bool) {
        var status = stat()
        lstat("\(harness.folder)/\(name)", &status)
        return (status.st_ino, status.st_mode & S_IFMT == S_IFLNK)
    }

    /// Whoever follows a name with inotify hears nothing of what happens to the file behind a symbolic link.
    @Test mutating func theNewestSegmentHasASecondNameThatIsNoLinkToFollow() throws {
        harness.settings.segmentBytes = 2000
        for _ in 0..<3 {
            try harness.write(20)
            let newest = try #require(try harness.names().filter { $0.hasPrefix("0") }.last)
            let current = inode("current.jsonl")
            #expect(current.number == inode(newest).number && !current.isLink)
        }
        // As an older version left it, and as a kill between two steps leaves it.
        unlink("\(harness.folder)/current.jsonl")
        symlink("000000000001.jsonl", "\(harness.folder)/current.jsonl")
        link("\(harness.folder)/000000000001.jsonl", "\(harness.folder)/current.jsonl.tmp")
        try harness.write(1)
        let newest = try #require(try harness.names().filter { $0.hasPrefix("0") }.last)
        let current = inode("current.jsonl")
        #expect(current.number == inode(newest).number && !current.isLink)
        #expect(!(try harness.names().contains("current.jsonl.tmp")))
        #expect(try harness.sequences() == Array(1...61) && !harness.start().isDamaged)
    }

    @Test func whereThereAreNoHardLinksASymbolicOneNamesTheNewestSegment() throws {
        let tries = Mutex(0)
        let disk = Disk { operation, path in
            guard operation == .link, path.hasSuffix("current.jsonl") else { return nil }
            return tries.withLock { tries in
                tries += 1
                return tries == 1 ? EPERM : nil
            }
        }
        var writer = harness.writer(disk)
        let line = try writer.append(synced: true)
        #expect(inode("current.jsonl").isLink)
        #expect(try harness.bytes("current.jsonl") == harness.bytes("000000000001.jsonl") && harness.read() == [line])
    }

    @Test mutating func retentionRemovesTheOldestAndNeverTheNewest() throws {
        harness.settings.segmentBytes = 2000
        harness.settings.maxBytes = 6000
        try harness.write(60)
        let left = try harness.sequences()
        #expect(left.last == 60)
        #expect(left == Array(60 - UInt64(left.count) + 1...60))
        #expect(try harness.names().filter { $0.hasPrefix("0") }.count <= 3)
        harness.settings.maxBytes = 1
        try harness.write(1)
        #expect(try harness.sequences().last == 61)
    }

    @Test mutating func linesAreFoundByNumberInLongSegments() throws {
        harness.settings.segmentBytes = 1 << 20
        try harness.write(6000)
        for first: UInt64 in [1, 2, 777, 2999, 5998, 6000] {
            let lines = try harness.read(from: first, count: 3)
            #expect(lines.map(\.sequence) == Array((first...6000).prefix(3)))
        }
        #expect(try harness.read(from: 6001).isEmpty)
    }

    @Test func theNewerOfTwoSegmentsCountsWhereBothHoldANumber() throws {
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        for frame in ["a", "b", "c"] { _ = try writer.append(synced: false, frame: frame) }
        writer.writer.sync()
        // Line 4 is written and cannot be synced; in the new segment it no longer claims that it was.
        failing.follow(.all(of: [.sync, .open], errno: EIO))
        let weaker = try writer.append(synced: true)
        failing.follow(.never)
        writer.writer.look()
        let old = try String(decoding: harness.bytes("000000000001.jsonl"), as: UTF8.self)
        #expect(old.contains(#""seq":4,"#) && old.contains(#""durable":true"#))
        #expect(try harness.read().last == weaker)
        #expect(try harness.sequences() == [1, 2, 3, 4])
    }

    @Test func linesWaitInMemoryWhileTheDiskIsFullAndAreWrittenAfter() throws {
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        _ = try writer.append(synced: false)
        failing.follow(.all(of: Set(Disk.Operation.allCases), errno: ENOSPC))
        let held = try (0..<5).map { _ in try writer.append(synced: true) }
        #expect(writer.writer.failure?.errno == ENOSPC)
        #expect(held.allSatisfy { $0.text.contains(#""durable":false,"stored":"memory""#) })
        failing.follow(.never)
        writer.writer.look()
        #expect(writer.writer.failure == nil)
        #expect(try harness.read().suffix(5) == held[...])
        #expect(try harness.sequences() == Array(1...6))
    }

    @Test func aFailedSyncIsNeverTriedAgainOnTheSameFile() throws {
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        for _ in 0..<3 { _ = try writer.append(synced: true) }
        failing.follow(.once(at: failing.operations + 2, errno: EIO))
        let line = try writer.append(synced: true)
        // Written, failed to sync, written again to a segment of its own and synced there.
        #expect(line.isDurable)
        #expect(try harness.names() == ["000000000001.jsonl", "000000000004.jsonl", "current.jsonl"])
        #expect(try harness.sequences() == [1, 2, 3, 4])
    }

    @Test func aFolderThatVanishesIsMadeAgain() throws {
        var writer = harness.writer()
        _ = try writer.append(synced: true)
        try FileManager.default.removeItem(atPath: harness.folder)
        writer.writer.look()
        let line = try writer.append(synced: true)
        #expect(try harness.read() == [line])
    }

    /// A disk that was slow and then did what was asked: the part was shown as something else meanwhile.
    @Test(arguments: [false, true])
    func whatWasShownInsteadCounts(synced: Bool) throws {
        var writer = harness.writer()
        var lines = [try writer.append(synced: false), try writer.append(synced: synced)]
        #expect(lines[1].isDurable == synced)
        lines[1] = VerdictLine(JournalHarness.record(2, stored: .memory, verdict: .invalid))
        writer.writer.replaceNewest(with: lines[1])
        lines += [try writer.append(synced: true)]
        #expect(try harness.read() == lines)
        writer.writer.finish()
        #expect(!harness.start().isDamaged)
        #expect(try harness.write(1).map(\.sequence) == [4])
        #expect(try harness.read().prefix(3) == lines[...])
    }

    @Test mutating func roomForTheNextSegmentsIsSetAside() throws {
        harness.settings.segmentBytes = 1 << 20
        let failing = FailingDisk(.never)
        var writer = harness.writer(failing.disk)
        _ = try writer.append(synced: true)
        let spares = { [state = harness.state] in
            try state.names(in: "journal").filter { $0.hasPrefix("spare-") }
        }
        #expect(try spares().count == 32)
        for name in try spares() {
            let status = try Disk().status(of: "\(harness.folder)/\(name)")
            // In units of 512 bytes, as long as the file system can do it.
            #expect(status.st_size == 0 && status.st_blocks >= 2048)
        }
        // Nothing can be made and nothing grows: segments that are there already are used.
        failing.follow(.all(of: [.setAside], errno: ENOSPC))
        for _ in 0..<9000 { _ = try writer.append(synced: false) }
        writer.writer.sync()
        #expect(try spares().count < 32)
        #expect(writer.writer.nuisance?.errno == ENOSPC && writer.writer.failure == nil)
        #expect(try harness.sequences().count == 9001)
    }

    @Test mutating func whatWasSetAsideGoesWithTheSegmentsOfItsTime() throws {
        harness.settings.segmentBytes = 2000
        harness.settings.maxBytes = 6000
        try harness.write(10)
        try harness.state.write("half a line", to: "journal/torn-5.bin")
        try harness.state.write("half a line", to: "journal/torn-100000.bin")
        try harness.write(40)
        #expect(try harness.names().filter { $0.hasPrefix("torn-") } == ["torn-100000.bin"])
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
                // Nobody may write before it is known which numbers were given out.
                var start = harness.start(failing.disk)
                while start.failure != nil {
                    isTouched = failing.operations >= number
                    failing.follow(.never)
                    start = harness.start(failing.disk)
                }
                var writer = NumberedWriter(
                    JournalWriter(start, folder: harness.folder, settings: harness.settings, disk: failing.disk))
                var lines: [VerdictLine] = []
                // One that gets no number has no line, and no verdict.
                for index in 0..<9 { (try? writer.append(synced: index % 3 == 0)).map { lines.append($0) } }
                isTouched = failing.operations >= number
                let read = try? harness.read()
                let lost = lines.filter { $0.isDurable && read?.contains($0) != true }
                #expect(lost.isEmpty, "operation \(number), errno \(code)")
                failing.follow(.never)
                writer.writer.look()
                writer.writer.finish()
                #expect(try harness.read() == lines, "operation \(number), errno \(code), forever \(forever)")
                // The next start finds nothing to mend.
                let next = (lines.last?.sequence ?? 0) + 1
                let written = try harness.write(1).map(\.sequence)
                // Numbers that may have been given out are left out, where none is known to have been.
                let isAhead = lines.isEmpty && written.allSatisfy { $0 > next }
                #expect(written == [next] || isAhead, "operation \(number), errno \(code), forever \(forever)")
                number += 1
            }
            #expect(number > 20)
        }
    }
}
