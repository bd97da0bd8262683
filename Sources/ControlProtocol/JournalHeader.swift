/// A field in the head of each answer that has journal lines (`history`, `tail`, `events`, `stream`).
package enum JournalHeader {
    /// The id of the state directory's journals: a line's number is one of that journal alone, so the two together name the line for
    /// ever. Absent while the daemon cannot say it, and of versions that had none.
    package static let identity = "fsac-journal"
}
