package import ControlProtocol

/// Where a verdict's line is when the verdict shows: what its record says, and whether it may be a verdict at all.
package enum Landing: Sendable, Equatable {
    /// On the disk.
    case synced
    /// With the system, which has it on the disk within a second: a crash of the daemon does not lose it, a power cut
    /// may.
    case written
    /// In memory only, and the configuration has such verdicts count.
    case held
    /// In memory only: the part is INVALID.
    case withheld(reason: String)
    /// Nowhere, and without a number: the part is INVALID.
    case unrecorded(reason: String)

    package var stored: InspectionRecord.Stored {
        switch self {
        case .synced: .synced
        case .written: .written
        case .held, .withheld: .memory
        case .unrecorded: .nowhere
        }
    }

    /// Why the part must not pass for judged; nil = it may.
    package var refusal: String? {
        switch self {
        case .synced, .written, .held: nil
        case .withheld(let reason), .unrecorded(let reason): reason
        }
    }
}
