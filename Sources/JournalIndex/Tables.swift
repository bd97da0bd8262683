import ControlProtocol
import Journal
import Platform
import Statistics

/// The tables of the index and what is asked of them.
final class Tables {
    /// Of the tables: another number is another version's.
    private static let version: Int64 = 2
    /// After a power cut the journal may lack what the index has of its last second, and of lines that waited for the disk.
    private static let uncertainLines: Int64 = 20_000

    private let database: Database
    private let insertVerdict: Statement
    private let insertEvent: Statement
    private let findEarlier: Statement
    private let insertWord: Statement
    /// Names of cameras, recipes, causes and lots, by their number and back.
    private var words: [Int64: String] = [:]
    private var numbers: [String: Int64] = [:]

    init(path: String) throws(IndexError) {
        database = try Database(path: path)
        // A crash leaves it whole, and a power cut, too, but for its newest lines; one process has it.
        try database.execute(
            """
            PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
            PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16000000
            """)
        try Self.make(in: database)
        insertVerdict = try database.prepare("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        insertEvent = try database.prepare("INSERT INTO events VALUES (?, ?, ?)")
        findEarlier = try database.prepare("SELECT 1 FROM verdicts WHERE part = ? AND camera = ? LIMIT 1")
        insertWord = try database.prepare("INSERT INTO words VALUES (?, ?)")
        try readWords()
    }

    private static func make(in database: Database) throws(IndexError) {
        let row = try database.prepare("PRAGMA user_version")
        _ = try row.step()
        let found = row.number(0) ?? 0
        row.reset()
        if found == version { return }
        guard found == 0 else {
            throw IndexError(path: database.path, code: 0, reason: "is of version \(found), expected \(version)")
        }
        try database.transaction { () throws(IndexError) in
            // What another program has made by this name is in the way, and none of ours.
            try database.execute(
                """
                CREATE TABLE words(number INTEGER PRIMARY KEY, word TEXT NOT NULL);
                CREATE TABLE verdicts(
                    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, camera INTEGER NOT NULL, recipe INTEGER NOT NULL,
                    generation INTEGER, verdict INTEGER NOT NULL, cause INTEGER, uncertain INTEGER NOT NULL, score REAL,
                    part TEXT, lot INTEGER, again INTEGER NOT NULL, x INTEGER, y INTEGER);
                CREATE INDEX verdicts_time ON verdicts(time);
                CREATE INDEX verdicts_part ON verdicts(part, camera) WHERE part IS NOT NULL;
                CREATE INDEX verdicts_lot ON verdicts(lot) WHERE lot IS NOT NULL;
                CREATE TABLE events(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, line BLOB NOT NULL);
                CREATE INDEX events_kind ON events(kind);
                CREATE TABLE unreadable(seq INTEGER PRIMARY KEY);
                PRAGMA user_version = \(version)
                """)
        }
    }

    // MARK: Whether it is of these journals

    /// Why the index is not of these journals; nil = it is.
    func disagreement(with verdicts: any VerdictSource, _ events: any VerdictSource) throws -> String? {
        try database.check()
        let place = try place()
        guard place.verdict <= verdicts.lastSequence + UInt64(Self.uncertainLines) else {
            return "goes to \(place.verdict), and the journal to \(verdicts.lastSequence)"
        }
        // The newest that no power cut can have taken.
        let row = try database.prepare(
            "SELECT seq, time FROM verdicts WHERE seq <= (SELECT max(seq) FROM verdicts) - ? ORDER BY seq DESC LIMIT 1")
        row.bind(Self.uncertainLines, at: 1)
        if try row.step(), let seq = row.number(0), let time = row.number(1) {
            // Retention may have taken it since.
            if let line = try verdicts.lines(from: UInt64(seq), count: 1).first, line.sequence == UInt64(seq),
                VerdictFacts(line: line.bytes)?.time != time
            {
                return "is of another journal: verdict \(seq) is another one"
            }
        }
        row.reset()
        // Events are synced before anybody sees them.
        guard place.event <= events.lastSequence || place.event == 0 else {
            return "has events to \(place.event), and the journal to \(events.lastSequence)"
        }
        return nil
    }

    /// Forgets what a power cut may have taken from the journal: it is read again.
    func forgetNewest() throws(IndexError) {
        try database.execute(
            "DELETE FROM verdicts WHERE seq > (SELECT max(seq) FROM verdicts) - \(Self.uncertainLines);"
                + "DELETE FROM unreadable WHERE seq > coalesce((SELECT max(seq) FROM verdicts), 0)")
    }

    func place() throws(IndexError) -> JournalIndex.Place {
        let row = try database.prepare(
            """
            SELECT max(coalesce((SELECT max(seq) FROM verdicts), 0), coalesce((SELECT max(seq) FROM unreadable), 0)),
                coalesce((SELECT max(seq) FROM events), 0)
            """)
        _ = try row.step()
        defer { row.reset() }
        return JournalIndex.Place(verdict: UInt64(row.number(0) ?? 0), event: UInt64(row.number(1) ?? 0))
    }

    // MARK: Writing

    func take(_ verdicts: [VerdictLine], _ events: [VerdictLine]) throws -> [UInt64] {
        var unreadable: [UInt64] = []
        do {
            try database.transaction { () throws(IndexError) in
                for line in verdicts {
                    if let facts = VerdictFacts(line: line.bytes) {
                        try insert(facts)
                    } else {
                        unreadable.append(line.sequence)
                        try database.execute("INSERT INTO unreadable VALUES (\(line.sequence))")
                    }
                }
                for line in events { try insert(event: line) }
            }
        } catch {
            // Words that were rolled back have no numbers.
            try readWords()
            throw error
        }
        return unreadable
    }

    private func insert(_ facts: VerdictFacts) throws(IndexError) {
        let camera = try number(of: facts.camera)
        var isAgain = false
        if let part = facts.part {
            findEarlier.bind(part, at: 1)
            findEarlier.bind(camera, at: 2)
            isAgain = try findEarlier.step()
            findEarlier.reset()
        }
        let verdict: Int64 =
            switch facts.verdict {
            case .ok: 1
            case .ng: 2
            case .invalid: 3
            }
        insertVerdict.bind(Int64(facts.seq), at: 1)
        insertVerdict.bind(facts.time, at: 2)
        insertVerdict.bind(camera, at: 3)
        insertVerdict.bind(try number(of: facts.recipe), at: 4)
        insertVerdict.bind(facts.generation.map(Int64.init), at: 5)
        insertVerdict.bind(verdict, at: 6)
        insertVerdict.bind(try facts.cause.map { text throws(IndexError) in try number(of: text) }, at: 7)
        insertVerdict.bind(Int64(facts.isUncertain ? 1 : 0), at: 8)
        insertVerdict.bind(facts.score, at: 9)
        insertVerdict.bind(facts.part, at: 10)
        insertVerdict.bind(try facts.lot.map { text throws(IndexError) in try number(of: text) }, at: 11)
        insertVerdict.bind(Int64(isAgain ? 1 : 0), at: 12)
        insertVerdict.bind(facts.place.map { Int64($0.x) }, at: 13)
        insertVerdict.bind(facts.place.map { Int64($0.y) }, at: 14)
        try insertVerdict.run()
    }

    private func insert(event line: VerdictLine) throws(IndexError) {
        // A kind of a newer version is kept, and asked for by nobody.
        let kind = JournalLine.text(of: "event", in: line.bytes[...]) ?? ""
        insertEvent.bind(Int64(line.sequence), at: 1)
        insertEvent.bind(kind, at: 2)
        insertEvent.bind(blob: line.bytes, at: 3)
        try insertEvent.run()
    }

    private func number(of word: String) throws(IndexError) -> Int64 {
        if let number = numbers[word] { return number }
        let number = Int64(numbers.count) + 1
        insertWord.bind(number, at: 1)
        insertWord.bind(word, at: 2)
        try insertWord.run()
        (numbers[word], words[number]) = (number, word)
        return number
    }

    private func readWords() throws(IndexError) {
        (words, numbers) = ([:], [:])
        let rows = try database.prepare("SELECT number, word FROM words")
        while try rows.step() {
            guard let number = rows.number(0), let word = rows.text(1) else { continue }
            (words[number], numbers[word]) = (word, number)
        }
    }

    /// What is the first verdict on a part then has none before it.
    func forget(before first: UInt64) throws(IndexError) {
        try database.transaction { () throws(IndexError) in
            try database.execute(
                """
                UPDATE verdicts SET again = 0 WHERE again = 1 AND seq >= \(first) AND seq IN (
                    SELECT min(v.seq) FROM verdicts v
                    JOIN (SELECT DISTINCT part, camera FROM verdicts WHERE seq < \(first) AND part IS NOT NULL) gone
                        ON v.part = gone.part AND v.camera = gone.camera
                    WHERE v.seq >= \(first) GROUP BY v.part, v.camera);
                DELETE FROM verdicts WHERE seq < \(first); DELETE FROM unreadable WHERE seq < \(first)
                """)
        }
    }

    // MARK: Reading

    /// Numbers from the first to the last that may belong to a question; nil = there is none.
    private func span(of question: StatisticsQuestion) throws(IndexError) -> (first: Int64, last: Int64)? {
        let row: Statement
        if let lot = question.lot {
            row = try database.prepare("SELECT min(seq), max(seq) FROM verdicts WHERE lot = ?")
            row.bind(numbers[lot] ?? 0, at: 1)
        } else {
            row = try database.prepare("SELECT min(seq), max(seq) FROM verdicts WHERE time >= ? AND time < ?")
            row.bind(question.from, at: 1)
            row.bind(question.to, at: 2)
        }
        guard try row.step(), let first = row.number(0), let last = row.number(1) else { return nil }
        return (first, last)
    }

    func facts(of question: StatisticsQuestion, _ show: (VerdictFacts) -> Void) throws(IndexError) {
        guard let span = try span(of: question) else { return }
        // By their numbers, which the rows are in the order of: sorting them would take longer than reading.
        let rows = try database.prepare("SELECT * FROM verdicts WHERE seq BETWEEN ? AND ? ORDER BY seq")
        rows.bind(span.first, at: 1)
        rows.bind(span.last, at: 2)
        while try rows.step() {
            let facts = try facts(rows)
            if question.counts(facts) { show(facts) }
        }
    }

    private func facts(_ row: Statement) throws(IndexError) -> VerdictFacts {
        let verdict: Verdict? =
            switch row.number(5) {
            case 1: .ok
            case 2: .ng
            case 3: .invalid
            default: nil
            }
        guard let seq = row.number(0), let time = row.number(1), let camera = word(row, 2), let recipe = word(row, 3),
            let verdict
        else { throw database.damage("a row that nobody wrote") }
        let place = row.number(12).flatMap { x in row.number(13).map { PixelPlace(x: Int(x), y: Int($0)) } }
        return VerdictFacts(
            seq: UInt64(seq), time: time, camera: camera, recipe: recipe, generation: row.number(4).map { Int($0) },
            part: row.text(9), lot: word(row, 10), verdict: verdict, cause: word(row, 6),
            isUncertain: row.number(7) == 1, score: row.double(8), isAgain: row.number(11) == 1, place: place)
    }

    private func word(_ row: Statement, _ column: CInt) -> String? { row.number(column).flatMap { words[$0] } }

    func events(_ kinds: [EventRecord.Kind]) throws(IndexError) -> [EventRecord] {
        let names = kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let rows = try database.prepare("SELECT line FROM events WHERE kind IN (\(names)) ORDER BY seq")
        var events: [EventRecord] = []
        while try rows.step() {
            // One of a newer version may have what this one cannot read.
            if let event = try? ControlCoding.decode(EventRecord.self, from: rows.blob(0)) { events.append(event) }
        }
        return events
    }

    func newestTime(before time: Int64) throws(IndexError) -> Int64? {
        let row = try database.prepare("SELECT max(time) FROM verdicts WHERE time < ?")
        row.bind(time, at: 1)
        return try row.step() ? row.number(0) : nil
    }

    func bounds(of question: StatisticsQuestion) throws(IndexError) -> (from: Int64, to: Int64)? {
        let row = try database.prepare(
            """
            SELECT min(time), max(time) + 1 FROM verdicts
            WHERE (?1 IS NULL OR lot = ?1) AND (?2 IS NULL OR recipe = ?2) AND (?3 IS NULL OR camera = ?3)
            """)
        for (place, name) in [question.lot, question.recipe, question.camera].enumerated() {
            row.bind(name.map { numbers[$0] ?? 0 }, at: CInt(place) + 1)
        }
        guard try row.step(), let from = row.number(0), let to = row.number(1) else { return nil }
        return (from, to)
    }

    func sequences(part: String?, lot: String?, count: Int) throws(IndexError) -> [UInt64] {
        // Two statements: each has its own order on the disk.
        let rows = try database.prepare(
            part == nil
                ? "SELECT seq FROM verdicts WHERE lot = ?2 ORDER BY seq DESC LIMIT ?3"
                : "SELECT seq FROM verdicts WHERE part = ?1 AND (?2 IS NULL OR lot = ?2) ORDER BY seq DESC LIMIT ?3")
        rows.bind(part, at: 1)
        rows.bind(lot.map { numbers[$0] ?? 0 }, at: 2)
        rows.bind(Int64(count), at: 3)
        var found: [UInt64] = []
        while try rows.step() { found.append(UInt64(rows.number(0) ?? 0)) }
        return found.reversed()
    }

    func unreadable() throws(IndexError) -> Int {
        let row = try database.prepare("SELECT count(*) FROM unreadable")
        return try row.step() ? Int(row.number(0) ?? 0) : 0
    }
}
