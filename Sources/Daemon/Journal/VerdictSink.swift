package import ControlProtocol

/// Hears of each verdict once it is in the journal, in the order of the numbers.
///
/// Told on the inspection thread, after the part's trigger was answered: a sink must not block, and what it cannot take at
/// once it drops and counts, or takes later from the journal.
package protocol VerdictSink: Sendable {
    func note(_ record: InspectionRecord)
}
