package import ControlProtocol
import Core
import Glibc
package import Platform

/// Which files of a watched folder have their verdicts: what keeps a restart from judging one twice, or none.
///
/// The journal is what counts, and each of its lines has the picture's digest; this is kept beside it because it outlives the
/// journal's retention and knows files by what need not be read. It follows the journal: what a kill or a full disk kept from
/// it is read there at the next start, and what is in it and not in the journal is no verdict and left out.
///
/// Shared: the folder's thread asks it, the inspection tells it, its own thread writes, moves and removes.
package final class PictureIndex: Sendable {
    /// A file that was judged.
    package struct Entry: Sendable, Equatable {
        /// Nil where only the journal is known.
        package var identity: FileIdentity?
        /// Of its bytes, see ``digest(of:)``; nil of one that could not be read.
        package var digest: String?
        /// 0 = judged by a version that wrote no digests.
        package var sequence: UInt64
        package var verdict: Verdict

        package init(identity: FileIdentity?, digest: String?, sequence: UInt64, verdict: Verdict) {
            self.identity = identity
            self.digest = digest
            self.sequence = sequence
            self.verdict = verdict
        }
    }

    /// What becomes of a file that was judged.
    package enum Disposal: Sendable {
        case leave
        /// To `done/VERDICT/` in the watched folder.
        case move
        /// `sync` makes the journal durable first; it returns why that failed, or nil.
        case delete(sync: @Sendable () -> String?)
    }

    struct State {
        var entries: [FileName: Entry] = [:]
        /// By the name under which a verdict is still to come: the contents that it is of, and their new name.
        var aliases: [FileName: (digest: String?, name: FileName)] = [:]
        /// Of the journal's lines, the newest that is in here.
        var lastSequence: UInt64 = 0
        /// Not on the disk yet; `isStored` = the file may be disposed of.
        var waiting: [(name: FileName, entry: Entry, isStored: Bool)] = []
        /// Files that were taken and have no verdict yet.
        var unjudged: [FileName: HeldPictures.Picture] = [:]
        /// What waited at the end of an earlier run.
        var held = HeldPictures.Finding.pictures([:])
        /// Of the latest look.
        var present: Set<FileName> = []
        var isClosed = false
        var isWriting = false
        /// Why files are not written down, moved or removed.
        var failure: String?
    }

    /// Entries of files that are gone which are kept at least: a share that drops shows an empty folder for a while.
    static let remembered = 50_000

    let folder: PictureFolder
    let disposal: Disposal
    let file: PictureIndexFile?
    let heldFile: HeldPictures?
    let state: Monitor<State>

    /// - Parameters:
    ///   - path: of the index's file; nil = it is in memory only.
    ///   - lastSequence: the journal's newest line: what is beyond was lost with it.
    ///   - journalled: judged files behind a number, from the journal, oldest first.
    package init(
        path: String? = nil, folder: String = "", disposal: Disposal = .leave, lastSequence: UInt64 = .max,
        journalled: (_ after: UInt64) -> [(name: FileName, entry: Entry)] = { _ in [] }
    ) {
        self.folder = PictureFolder(path: folder)
        self.disposal = disposal
        file = path.map(PictureIndexFile.init)
        heldFile = path.map { HeldPictures(path: "\($0).waiting") }
        var state = State()
        if let heldFile { state.held = heldFile.read() }
        let lines = file?.read() ?? []
        for (name, entry) in lines where entry.sequence <= lastSequence {
            state.entries[name] = entry
            state.lastSequence = max(state.lastSequence, entry.sequence)
        }
        // The journal's numbers will pass theirs, and then they would count.
        if lines.contains(where: { $0.1.sequence > lastSequence }) {
            do throws(DiskError) {
                try file?.rewrite(state.entries.map { ($0.key, $0.value) })
            } catch {
                file?.isIncomplete = true
                file?.discard()
            }
        }
        for (name, entry) in journalled(state.lastSequence) {
            var entry = entry
            // The journal does not know by what else the file can be told.
            if let known = state.entries[name], known.digest == entry.digest { entry.identity = known.identity }
            state.entries[name] = entry
            state.lastSequence = max(state.lastSequence, entry.sequence)
            state.waiting.append((name, entry, true))
        }
        state.releaseJudged()
        self.state = Monitor(state)
    }

    /// Whether there is nothing in it: the first start with it, or a folder where nothing was ever judged.
    package var isEmpty: Bool { state.read(\.entries.isEmpty) }

    package func entry(of name: FileName) -> Entry? { state.read { $0.entries[name] } }

    /// Why judged files are not written down, moved or removed; nil = they are.
    package var failure: String? { state.read(\.failure) }

    /// A file has its verdict in the journal.
    ///
    /// - Parameter isStored: whether the line is with the disk; of one in memory only the file is left where it is.
    func judged(_ name: FileName, _ entry: Entry, isStored: Bool) {
        note { state in
            var name = name
            if let alias = state.aliases[name], alias.digest == entry.digest {
                state.aliases[name] = nil
                name = alias.name
            }
            state.entries[name] = entry
            state.lastSequence = max(state.lastSequence, entry.sequence)
            state.waiting.append((name, entry, isStored))
            if state.unjudged[name]?.isOf(entry.identity, entry.digest) == true { state.unjudged[name] = nil }
        }
    }

    /// The same contents are told by something else now: somebody touched the file, or its share was mounted anew.
    func refresh(_ name: FileName, identity: FileIdentity) {
        note { state in
            if let picture = state.unjudged[name] {
                state.unjudged[name] = .init(identity, picture.digest, recipe: picture.recipe, at: picture.at)
            }
            guard var entry = state.entries[name] else { return }
            entry.identity = identity
            state.entries[name] = entry
            state.waiting.append((name, entry, false))
        }
    }

    /// A version without an index judged it.
    func adopt(_ name: FileName, identity: FileIdentity) {
        note { state in
            let entry = Entry(identity: identity, digest: nil, sequence: 0, verdict: .invalid)
            state.entries[name] = entry
            state.waiting.append((name, entry, false))
        }
    }

    /// A file was renamed within the folder after its picture was handed out; its verdict may be still to come.
    func rename(_ old: FileName, to new: FileName, digest: String?) {
        note { state in
            guard let entry = state.entries[old], entry.digest == digest else {
                state.aliases[old] = (digest, new)
                return
            }
            state.entries[new] = entry
            state.waiting.append((new, entry, true))
        }
    }

    /// Judged files whose names nothing has, by what they can be told by.
    func gone(besides present: Set<FileName>) -> [FileIdentity: FileName] {
        state.read { state in
            var names: [FileIdentity: FileName] = [:]
            for (name, entry) in state.entries where !present.contains(name) {
                if let identity = entry.identity, entry.digest != nil { names[identity] = name }
            }
            return names
        }
    }

    /// What a look at the whole folder found. Files that were judged and are still there, by an earlier run's end, are
    /// disposed of.
    func sawFolder(_ present: Set<FileName>) {
        state.withLock { $0.present = present }
    }

    /// Has a file that was judged disposed of, where that was not done.
    func dispose(of name: FileName) {
        if case .leave = disposal { return }
        note { state in
            guard let entry = state.entries[name], entry.sequence > 0 else { return }
            state.waiting.append((name, entry, true))
        }
    }

    private func note(_ change: (inout State) -> Void) {
        let needsThread = state.withLock { state in
            change(&state)
            // Without a file and with nothing to do with it there is nobody to tell.
            if file == nil, case .leave = disposal { state.waiting = [] }
            guard !state.waiting.isEmpty, !state.isWriting else { return false }
            state.isWriting = true
            return true
        }
        if needsThread { NamedThread.start("fsac-index", niceness: 5) { [self] in work() } }
    }

    /// Waits until what is known is written down, at most `limit`: the journal has it in any case.
    package func flush(within limit: Duration) {
        note { _ in }
        _ = state.wait(timeout: limit) { $0.waiting.isEmpty && !$0.isWriting ? true : nil }
    }

    /// A few words of the picture's bytes: the first half of their SHA-256, in hexadecimal digits.
    static func digest(of bytes: [UInt8]) -> String { hexadecimal(SHA256.digest(of: bytes).prefix(16)) }
}

/// A file in a frame's hands until it has its verdict.
struct FramedFile: JudgedFile {
    let name: FileName
    let identity: FileIdentity
    let digest: String?
    let recipe: RecipeOfTheTime
    let index: PictureIndex

    func hasVerdict(_ verdict: Verdict, sequence: UInt64, isStored: Bool) {
        guard sequence > 0 else { return }
        index.judged(
            name, .init(identity: identity, digest: digest, sequence: sequence, verdict: verdict), isStored: isStored)
    }
}
