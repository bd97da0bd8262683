import ControlProtocol
import Logging
import Platform
import RecipeFile
import Synchronization

/// Takes a recipe of another station, whose file comes in pieces, one recipe at a time. Nothing of it is in use, or seen by anybody,
/// before all of it is there, checked and fitted; what fails, is given up or does not go on is removed.
final class ImportDesk: Sendable {
    private struct Import {
        let number: UInt64
        let author: ChangeAuthor
        let request: ImportRecipeRequest
        var state = ImportReply.State.receiving
        var progress = 0.0
        var recipe: String?
        var findings: [String] = []
        var warnings: [String] = []
        var error: ErrorReply.Body?
        var heard = ContinuousClock.now
        var isCancelled = false

        var isOver: Bool { state == .done || state == .failed }

        var reply: ImportReply {
            ImportReply(
                number: number, state: state, progress: progress, dryRun: request.dryRun ?? false, recipe: recipe,
                findings: findings, warnings: warnings, error: error)
        }
    }

    /// What has come of a file.
    private struct Upload {
        let number: UInt64
        var reader: RecipeFileReader
        var staged: StagedRecipe?
    }

    private let book: RecipeBook
    private let refit: RefitService
    private let line: any LineControl
    private let events: EventLog
    private let logger: Logger
    /// For the next piece.
    private let patience: Duration
    /// The newest. Locked for moments.
    private let newest = Mutex<Import?>(nil)
    /// Held over the disk; `newest` is taken within it.
    private let upload = Mutex<Upload?>(nil)

    init(
        book: RecipeBook, refit: RefitService, line: any LineControl, events: EventLog, logger: Logger,
        patience: Duration
    ) {
        self.book = book
        self.refit = refit
        self.line = line
        self.events = events
        self.logger = logger
        self.patience = patience
    }

    // MARK: The file

    /// Begins with one, and returns at once. One whose sender is silent for the desk's patience gives way.
    func begin(_ request: ImportRecipeRequest, by author: ChangeAuthor) throws -> ImportReply {
        let most = 8 << 30
        guard (1...most).contains(request.bytes) else {
            throw ControlError.invalidRequest("import: a file of \(request.bytes) bytes: expected 1 to \(most)")
        }
        if let name = request.name { try book.checkIsFree(name) }
        return try upload.withLock { upload in
            let started = newest.withLock { newest -> Import? in
                if let old = newest, !old.isOver { return nil }
                let new = Import(number: (newest?.number ?? 0) + 1, author: author, request: request)
                newest = new
                return new
            }
            guard let started else {
                throw ControlError(code: .conflict, message: "import: another recipe is on its way in: ask again later")
            }
            upload = Upload(number: started.number, reader: RecipeFileReader(length: request.bytes))
            watch(started.number)
            return started.reply
        }
    }

    /// Takes the next bytes of the file. Waits for the disk.
    ///
    /// - Parameter offset: where in the file they are: the one before has to be answered.
    func take(_ number: UInt64, at offset: Int, _ bytes: [UInt8]) throws -> ImportReply {
        try upload.withLock { upload in
            guard upload?.number == number, var current = upload else {
                throw ControlError(code: .conflict, message: "import: \(number) takes no bytes: begin again")
            }
            guard current.reader.received == offset else {
                throw ControlError(
                    code: .conflict, message: "import: expected bytes from \(current.reader.received) on, got \(offset)"
                )
            }
            upload = nil
            do {
                try take(bytes, &current)
            } catch {
                current.staged?.discard()
                fail(number, error)
                throw error
            }
            guard current.reader.isComplete, let staged = current.staged else {
                upload = current
                return change(number) {
                    $0.progress = Double(current.reader.received) / Double($0.request.bytes)
                }
            }
            let reply = change(number) { ($0.state, $0.progress) = (.checking, 0) }
            refit.perform { [self] goesOn, isCancelled in work(number, staged, goesOn, isCancelled) }
            return reply
        }
    }

    private func take(_ bytes: [UInt8], _ upload: inout Upload) throws {
        let number = upload.number
        var (reader, staged) = (upload.reader, upload.staged)
        // Or the bytes that wait would have two owners.
        upload.reader = RecipeFileReader()
        defer { (upload.reader, upload.staged) = (reader, staged) }
        try reader.take(bytes) { piece in
            switch piece {
            case .manifest(let manifest):
                let name = newest.withLock { $0?.request.name } ?? manifest.recipe
                let total = manifest.members.reduce(0) { $0 + $1.bytes }
                staged = try book.stage(manifest, as: name, bytes: total)
                _ = change(number) { ($0.recipe, $0.findings) = (name, [manifest.words]) }
            case .member(let member, let bytes): try staged?.take(member, bytes)
            }
        }
    }

    /// Where it stands. In memory.
    func reply(_ number: UInt64) throws -> ImportReply {
        guard let found = newest.withLock({ $0 }), found.number == number else {
            throw ControlError.notFound("import: no import \(number), or it is forgotten")
        }
        return found.reply
    }

    /// Gives one up that is not done. Waits for the disk.
    func cancel(_ number: UInt64) throws -> ImportReply {
        _ = try reply(number)
        _ = change(number) { $0.isCancelled = true }
        drop(number, CancellationError())
        return try reply(number)
    }

    /// Of one that is still coming; one that is fitted hears of it there.
    ///
    /// - Parameter heard: when something was last heard of it; nil = whenever that was.
    private func drop(_ number: UInt64, _ error: any Error, lastHeard heard: ContinuousClock.Instant? = nil) {
        upload.withLock { upload in
            guard let current = upload, current.number == number,
                heard == nil || heard == newest.withLock({ $0?.heard })
            else { return }
            upload = nil
            current.staged?.discard()
            fail(number, error)
        }
    }

    private func watch(_ number: UInt64) {
        Task { [weak self, patience] in
            while (try? await Task.sleep(for: patience / 4)) != nil {
                guard let self, let current = newest.withLock({ $0 }), current.number == number,
                    current.state == .receiving
                else { return }
                guard ContinuousClock.now - current.heard > patience else { continue }
                let silence = ImportRefusal("nothing came of the file for \(patience.wholeSeconds): begin again")
                try? await WorkLane.slow.run { self.drop(number, silence, lastHeard: current.heard) }
            }
        }
    }

    @discardableResult
    private func change(_ number: UInt64, _ body: (inout Import) -> Void) -> ImportReply {
        newest.withLock { newest in
            guard var current = newest, current.number == number else {
                return ImportReply(number: number, state: .failed, dryRun: false)
            }
            current.heard = .now
            body(&current)
            newest = current
            return current.reply
        }
    }

    private func fail(_ number: UInt64, _ error: any Error) {
        let words =
            error is CancellationError
            ? ErrorReply.Body(code: .conflict, message: "import: given up: nothing was changed")
            : ControlError(error).body
        logger.warning("recipe not imported", metadata: ["import": "\(number)", "error": "\(words.message)"])
        change(number) { ($0.state, $0.error) = (.failed, words) }
    }
}

// MARK: What is made of it

extension ImportDesk {
    /// On the fits' thread, also when the daemon stops.
    private func work(
        _ number: UInt64, _ staged: StagedRecipe, _ goesOn: () -> Void, _ isStopping: () -> Bool
    ) {
        do {
            try withoutActuallyEscaping(goesOn) { goesOn in
                try withoutActuallyEscaping(isStopping) { isStopping in
                    try work(number, staged, goesOn: goesOn, isStopping: isStopping)
                }
            }
        } catch {
            staged.discard()
            let isCancelled = newest.withLock { $0?.isCancelled ?? true }
            let stop = ImportRefusal("the daemon stopped: nothing was changed")
            fail(number, isStopping() ? stop : isCancelled ? CancellationError() : error)
        }
    }

    private func work(
        _ number: UInt64, _ staged: StagedRecipe, goesOn: @escaping () -> Void, isStopping: @escaping () -> Bool
    ) throws {
        let isOff = { [self] in isStopping() || newest.withLock { $0?.isCancelled ?? true } }
        guard let manifest = staged.manifest, !isOff() else { throw CancellationError() }
        let result = try ImportWork(book: book, cameras: line.cameraReadings).carryOut(
            staged,
            progress: { share in
                goesOn()
                self.change(number) { ($0.state, $0.progress) = (.fitting, share) }
            }, isCancelled: isOff)
        guard !isOff() else { throw CancellationError() }
        goesOn()
        try staged.complete(result.model)
        try book.checkIsFree(staged.name)
        guard let current = newest.withLock({ $0 }), current.number == number else { throw CancellationError() }
        if current.request.dryRun ?? false {
            staged.discard()
        } else {
            let entry = try events.record(by: current.author) {
                .imported(staged, manifest, result.model)
            } _: {
                try book.adopt(staged, result.settings, result.method)
            }
            logger.notice(
                "recipe imported",
                metadata: ["recipe": "\(entry.name)", "from": "\(PrintableText.line(manifest.origin.station))"])
        }
        change(number) {
            ($0.state, $0.progress) = (.done, 1)
            $0.findings += result.findings
            $0.warnings = result.warnings
        }
    }
}

extension RecipeManifest {
    /// What it is, for a person.
    fileprivate var words: String {
        "recipe \(recipe) of station \(PrintableText.line(origin.station, atMost: 100)), exported "
            + "\(PrintableText.line(origin.time, atMost: 40))"
            + (origin.user.map { " by \(PrintableText.line($0, atMost: 64))" } ?? "")
            + " with fsac \(PrintableText.line(origin.version, atMost: 40))"
    }
}
