package import ControlProtocol

/// Hears of each verdict once it is in the journal, in the order of the numbers, each once.
///
/// Told on the inspection thread, after the part's trigger was answered: a sink must not block, and what it cannot take at
/// once it drops and counts, or takes later from the journal.
///
/// A conformer may assume that calls come one at a time, and that a record with `durable` is on the disk. It promises
/// to return within microseconds, whatever becomes of its receiver, and fails by itself: nobody hears of its errors.
/// After a crash it may have missed the last verdicts that are in the journal: a sink that must not takes the number of
/// its last one with it and reads on from there.
package protocol VerdictSink: Sendable {
    func note(_ record: InspectionRecord)
}
