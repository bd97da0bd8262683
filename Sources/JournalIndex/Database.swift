import CSQLite

/// Why the index could not be used.
package struct IndexError: Error, Equatable, Sendable, CustomStringConvertible {
    package let path: String
    /// SQLite's number of the error, without its details.
    package let code: CInt
    /// SQLite's words.
    package let reason: String

    package var description: String { "index \(path): \(reason)" }

    /// Whether it has to be made anew: what is in the file cannot be trusted, or is none of ours.
    package var isDamage: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_SCHEMA, SQLITE_MISMATCH].contains(code) }
}

/// A connection to an SQLite database, for one thread at a time.
final class Database {
    let path: String
    private var handle: OpaquePointer?

    /// - Throws: when the file cannot be opened or made. What is in it is looked at by the first statement.
    init(path: String) throws(IndexError) {
        self.path = path
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK else {
            defer { sqlite3_close_v2(handle) }
            throw error(code)
        }
    }

    deinit { sqlite3_close_v2(handle) }

    func execute(_ statements: String) throws(IndexError) {
        let code = sqlite3_exec(handle, statements, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    func prepare(_ statement: String) throws(IndexError) -> Statement {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, statement, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw error(code) }
        return Statement(prepared, of: self)
    }

    /// All or nothing.
    func transaction(_ body: () throws(IndexError) -> Void) throws(IndexError) {
        try execute("BEGIN IMMEDIATE")
        do {
            try body()
            try execute("COMMIT")
        } catch {
            // SQLite may have rolled back by itself: then there is nothing to roll back.
            try? execute("ROLLBACK")
            throw error
        }
    }

    fileprivate func error(_ code: CInt) -> IndexError {
        IndexError(path: path, code: code & 0xFF, reason: String(cString: sqlite3_errmsg(handle)))
    }

    /// Of what is there and cannot have been written by us.
    func damage(_ reason: String) -> IndexError { IndexError(path: path, code: SQLITE_CORRUPT, reason: reason) }

    /// Looks at all pages, without comparing indexes with their tables.
    ///
    /// - Throws: damage.
    func check() throws(IndexError) {
        let row = try prepare("PRAGMA quick_check(1)")
        guard try row.step(), let words = row.text(0), words != "ok" else { return }
        throw damage(words)
    }
}

/// A statement with places for values, counted from 1; columns are counted from 0.
final class Statement {
    private let database: Database
    private let handle: OpaquePointer

    fileprivate init(_ handle: OpaquePointer, of database: Database) {
        self.handle = handle
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ value: Int64?, at place: CInt) {
        if let value { sqlite3_bind_int64(handle, place, value) } else { sqlite3_bind_null(handle, place) }
    }

    func bind(_ value: Double?, at place: CInt) {
        if let value { sqlite3_bind_double(handle, place, value) } else { sqlite3_bind_null(handle, place) }
    }

    func bind(_ text: String?, at place: CInt) {
        guard var text else {
            sqlite3_bind_null(handle, place)
            return
        }
        _ = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                fsac_sqlite_bind_text(handle, place, $0.baseAddress, CInt($0.count))
            }
        }
    }

    func bind(blob: [UInt8], at place: CInt) {
        _ = blob.withUnsafeBytes { fsac_sqlite_bind_blob(handle, place, $0.baseAddress, CInt($0.count)) }
    }

    /// Goes to the next row.
    ///
    /// - Returns: false = there is none; the statement may be used again, with the values that it has.
    func step() throws(IndexError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        defer { sqlite3_reset(handle) }
        guard code == SQLITE_DONE else { throw database.error(code) }
        return false
    }

    /// One that gives no row.
    func run() throws(IndexError) { while try step() {} }

    /// The rest of the rows is not wanted.
    func reset() { sqlite3_reset(handle) }

    func number(_ column: CInt) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_int64(handle, column)
    }

    func double(_ column: CInt) -> Double? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_double(handle, column)
    }

    func text(_ column: CInt) -> String? {
        guard let bytes = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    func blob(_ column: CInt) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }
}
