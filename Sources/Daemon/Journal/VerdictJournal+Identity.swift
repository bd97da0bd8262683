import Journal
import Logging
import Platform

extension VerdictJournal {
    /// Nil before the first start has made it, and while nobody can say it: receivers of lines wait then.
    package var identity: String? {
        state.read { state in if case .known(let identity) = state.identity { identity.text } else { nil } }
    }

    /// Reads the identity, or makes it. Called by the journal's thread before the first line, and each time it looks after its
    /// folder: a file that somebody mends or takes away counts at once, and one that is lost below a running daemon is there again.
    func lookAfterIdentity() {
        let known = state.read(\.identity)
        let found = Self.identity(of: reader.folder, disk, known)
        guard found != known else { return }
        state.withLock { $0.identity = found }
        switch found {
        case .known(let identity): logger.notice("journal", metadata: ["id": "\(identity.text)"])
        case .unreadable(let reason), .damaged(let reason):
            logger.error("the journal's id is not known", metadata: ["error": "\(reason)"])
        case .unread: break
        }
    }

    private static func identity(of folder: String, _ disk: Disk, _ known: JournalState.Identity)
        -> JournalState.Identity
    {
        do throws(DiskError) {
            switch (try JournalIdentity.read(of: folder, disk: disk), known) {
            // What was told stands until the end of the run.
            case (.missing, .known(let identity)):
                try identity.write(of: folder, disk: disk)
                return known
            case (_, .known): return known
            case (.known(let identity), _): return .known(identity)
            case (.damaged(let reason), _): return .damaged(reason: reason)
            case (.missing, _):
                let identity = JournalIdentity.random()
                try identity.write(of: folder, disk: disk)
                return .known(identity)
            }
        } catch {
            if case .known = known { return known }
            return .unreadable(reason: "\(error)")
        }
    }
}
