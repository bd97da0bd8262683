package import ControlProtocol

/// The verdicts of a camera on their way to the result registers.
package struct ResultQueue: Sendable {
    /// Verdicts that may wait before the PLC is told that it is too slow.
    package static let overrunLimit = 8
    /// Verdicts that are held here; more stay in the journal until there is room.
    package static let capacity = 1000

    private let mode: ModbusSettings.Results
    /// What the registers show; nil = nothing has been told yet.
    package private(set) var shown: InspectionRecord?
    private var waiting: [InspectionRecord] = []
    /// Of the newest verdict that the PLC has seen; 0 = none.
    package private(set) var acknowledged: UInt64
    /// A verdict was left to the journal: what follows it is left there, too.
    package private(set) var isOverfull = false

    package init(_ mode: ModbusSettings.Results, acknowledged: UInt64) {
        self.mode = mode
        self.acknowledged = acknowledged
    }

    /// Of the newest verdict that is here, or has been.
    package var newest: UInt64 { max(acknowledged, waiting.last?.seq ?? shown?.seq ?? 0) }

    /// The result that is shown was not acknowledged.
    package var isNew: Bool { shown.map { $0.seq > acknowledged } ?? false }

    package var count: Int { waiting.count + (isNew ? 1 : 0) }

    package var isOverrun: Bool { isOverfull || count > Self.overrunLimit }

    /// What was left to the journal has room now: read it again from behind ``newest``.
    package var hasRoomAgain: Bool { isOverfull && waiting.count < Self.capacity / 2 }

    /// In the order of the journal. One that came before is passed over.
    package mutating func take(_ record: InspectionRecord) {
        switch mode {
        case .latest:
            if record.seq > shown?.seq ?? 0 { shown = record }
        case .queued:
            guard record.seq > newest, !isOverfull else { return }
            if !isNew {
                shown = record
            } else if waiting.count < Self.capacity {
                waiting.append(record)
            } else {
                isOverfull = true
            }
        }
    }

    /// The journal is read again from behind ``newest``.
    package mutating func readAgain() { isOverfull = false }

    /// Of another journal: its numbers begin anew, and what was shown stays until the next verdict.
    package mutating func forget() { self = ResultQueue(mode, acknowledged: 0) }

    /// - Parameter word: the low word of the number that was read.
    /// - Returns: false = another one is shown.
    package mutating func acknowledge(_ word: UInt16) -> Bool {
        guard let record = shown, UInt16(truncatingIfNeeded: record.seq) == word else { return false }
        acknowledged = max(acknowledged, record.seq)
        if !waiting.isEmpty { shown = waiting.removeFirst() }
        return true
    }
}
