import ControlProtocol
import Core
import Glibc
import Platform

extension PictureIndex {
    /// Writes and disposes of what waits, until nothing does.
    func work() {
        while let waiting = takeWaiting() {
            var failure: String?
            do throws(DiskError) {
                if let file, file.isDue(entries: state.read(\.entries.count)) {
                    try file.rewrite(pruned())
                } else {
                    try file?.append(waiting.map { ($0.name, $0.entry) })
                }
                try heldFile?.removeIfDone(state.read(\.isHolding))
            } catch {
                // A later line must not stand there without these: the next start asks the journal behind the newest.
                file?.isIncomplete = true
                failure = "judged files are not written down: \(error)"
            }
            if case .delete(let sync) = disposal, waiting.contains(where: { $0.isStored }), let reason = sync() {
                failure = "judged files are not removed before their verdicts are on the disk: \(reason)"
            } else {
                for (name, entry, isStored) in waiting where isStored {
                    do throws(DiskError) { try dispose(of: name, entry) } catch {
                        failure = "judged files stay: \(error)"
                    }
                }
            }
            state.withLock { [failure] in $0.failure = failure }
        }
    }

    private func takeWaiting() -> [(name: FileName, entry: Entry, isStored: Bool)]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// What is kept: all files that are there, and the newest of those that are not.
    private func pruned() -> [(FileName, Entry)] {
        state.withLock { state in
            let gone = state.entries.filter { !state.present.contains($0.key) }
            if !state.present.isEmpty, gone.count > Self.remembered {
                let oldest = gone.values.map(\.sequence).sorted(by: >)[Self.remembered]
                for (name, entry) in gone where entry.sequence <= oldest { state.entries[name] = nil }
                state.aliases = [:]
            }
            return state.entries.map { ($0.key, $0.value) }
        }
    }

    private func dispose(of name: FileName, _ entry: Entry) throws(DiskError) {
        let path = folder.pathBytes(name)
        switch disposal {
        case .leave: return
        case .move:
            guard isStill(name, entry) else { return }
            let target = try place(for: name, entry.verdict)
            try Disk().perform(.rename, folder.shownPath(name)) {
                path.withCString { path in folder.pathBytes(target).withCString { Glibc.rename(path, $0) } }
            }
        case .delete:
            guard isStill(name, entry) else { return }
            try Disk().perform(.remove, folder.shownPath(name)) { path.withCString { unlink($0) } }
        }
    }

    /// Another picture may have the name by now: that one stays.
    private func isStill(_ name: FileName, _ entry: Entry) -> Bool {
        guard let identity = folder.identity(of: name) else { return false }
        if identity == entry.identity { return true }
        guard let digest = entry.digest, let file = try? folder.open(name), let bytes = try? ImageFile.bytes(of: file)
        else { return false }
        return Self.digest(of: bytes) == digest
    }

    /// A name that nothing has, in a folder that is made.
    private func place(for name: FileName, _ verdict: Verdict) throws(DiskError) -> FileName {
        var target = FileName("\(Self.doneFolder)/\(verdict.rawValue)")
        // By the path's own bytes: folders below keep their names.
        target = FileName(target.bytes + [UInt8(ascii: "/")] + name.bytes)
        try createFolder(target.split.folder)
        let (parent, own) = target.split
        let ending = own.bytes.lastIndex(of: UInt8(ascii: ".")).map { own.bytes[$0...] } ?? []
        let stem = own.bytes.dropLast(ending.count)
        var number = 1
        while folder.identity(of: target) != nil {
            number += 1
            target = parent.appending(Array(stem) + Array("-\(number)".utf8) + Array(ending))
        }
        return target
    }

    private func createFolder(_ name: FileName) throws(DiskError) {
        guard !name.bytes.isEmpty, folder.identity(of: name) == nil else { return }
        try createFolder(name.split.folder)
        try Disk().perform(.createFolder, folder.shownPath(name)) {
            folder.pathBytes(name).withCString { mkdir($0, 0o775) == 0 || errno == EEXIST ? 0 : -1 }
        }
    }

    /// In the watched folder; nothing in it is a part.
    static let doneFolder = "done"
}

/// The index on the disk: a line a file that was judged, appended; a later line of a name counts.
///
/// `SEQUENCE <tab> VERDICT <tab> INODE <tab> SIZE <tab> MODIFIED <tab> DIGEST <tab> NAME`. A damaged line is left out: then its file
/// is told by its digest in the journal, or judged again. No damage makes one pass for judged, for name, identity and digest
/// would all have to fit.
final class PictureIndexFile: Sendable {
    private static let header = "fsac picture index 1\n"
    private let path: String
    private let disk = Disk()
    /// Lines that it has, nil before it was read.
    private let open = Monitor<(file: AppendFile, lines: Int)?>(nil)
    /// Of what could be read.
    private let start = Monitor<(length: Int, lines: Int)>((0, 0))
    private let incomplete = Monitor(false)

    init(path: String) { self.path = path }

    func read() -> [(FileName, PictureIndex.Entry)] {
        // None there, or none that can be read: the journal tells, as far as it goes back.
        guard let bytes = try? disk.read(path), bytes.starts(with: Self.header.utf8) else { return [] }
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = bytes[Self.header.utf8.count..<max(end, Self.header.utf8.count)].split(
            separator: UInt8(ascii: "\n"))
        start.withLock { $0 = (end + 1, lines.count) }
        return lines.compactMap(Self.entry)
    }

    /// Whether most of it is outdated, or some of it missing: it is to be written anew.
    func isDue(entries: Int) -> Bool { isIncomplete || open.read { $0?.lines ?? 0 } > 2 * entries + 10_000 }

    /// Whether entries could not be written.
    var isIncomplete: Bool {
        get { incomplete.read(\.self) }
        set { incomplete.withLock { $0 = newValue } }
    }

    /// Nothing is better than what is wrong: the journal tells.
    func discard() {
        // What cannot be removed is written anew before anything else is.
        try? disk.remove(path)
        start.withLock { $0 = (0, 0) }
        open.withLock { $0 = nil }
    }

    func append(_ entries: [(FileName, PictureIndex.Entry)]) throws(DiskError) {
        let (file, lines) = try current()
        do {
            try file.append(Array(entries.map { Self.line($0.0, $0.1) }.joined().utf8))
        } catch {
            // What was written of it would damage the next line; opened anew, it is cut off.
            open.withLock { $0 = nil }
            throw error
        }
        start.withLock { $0 = (file.length, lines + entries.count) }
        open.withLock { $0 = (file, lines + entries.count) }
    }

    private func current() throws(DiskError) -> (AppendFile, Int) {
        if let known = open.read({ $0 }) { return known }
        let (length, lines) = start.read(\.self)
        if length > 0 { return (try AppendFile(continuing: path, length: length, disk: disk), lines) }
        try disk.createFolder(FilePath.split(path).folder)
        let file = try AppendFile(creating: path, disk: disk)
        try file.append(Array(Self.header.utf8))
        return (file, 0)
    }

    func rewrite(_ entries: [(FileName, PictureIndex.Entry)]) throws(DiskError) {
        try disk.createFolder(FilePath.split(path).folder)
        let text = Self.header + entries.map { Self.line($0.0, $0.1) }.joined()
        try disk.place(Array(text.utf8), at: path, temporary: "\(path).tmp", isSynced: true)
        start.withLock { $0 = (text.utf8.count, entries.count) }
        open.withLock { $0 = nil }
        isIncomplete = false
    }

    private static func line(_ name: FileName, _ entry: PictureIndex.Entry) -> String {
        let identity = entry.identity ?? FileIdentity(inode: 0, size: 0, modified: 0)
        return "\(entry.sequence)\t\(entry.verdict.rawValue)\t\(identity.inode)\t\(identity.size)\t\(identity.modified)"
            + "\t\(entry.digest ?? "-")\t\(name.escaped)\n"
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> (FileName, PictureIndex.Entry)? {
        let fields = String(decoding: line, as: UTF8.self).split(
            separator: "\t", maxSplits: 6, omittingEmptySubsequences: false)
        guard fields.count == 7, let sequence = UInt64(fields[0]), let verdict = Verdict(rawValue: String(fields[1])),
            let inode = UInt64(fields[2]), let size = Int(fields[3]), let modified = Int64(fields[4])
        else { return nil }
        let identity = inode == 0 ? nil : FileIdentity(inode: inode, size: size, modified: modified)
        return (
            FileName(shown: String(fields[6])),
            PictureIndex.Entry(
                identity: identity, digest: fields[5] == "-" ? nil : String(fields[5]), sequence: sequence,
                verdict: verdict)
        )
    }
}
