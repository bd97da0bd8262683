import Core
import Glibc
import Platform

/// What came in a watched folder and was not handed out yet, between the folder's thread and the camera's.
struct FolderInbox {
    /// A picture that was seen complete, in the order in which that was seen.
    struct Arrival {
        enum Content {
            case bytes([UInt8])
            /// There was no room for its bytes: they are read when it is handed out.
            case later(RegularFile?)
            /// Its bytes are gone: all that is known is that it came.
            case missed(reason: String)
            case unreadable(ImageError)
        }

        var name: FileName
        /// Nil of one that was missed.
        let identity: FileIdentity?
        var digest: String?
        var content: Content
        /// By which it is judged.
        var recipe = RecipeOfTheTime.inUse
        let at = ContinuousClock.now
        let time = WallTime.now

        var isLater: Bool { if case .later = content { true } else { false } }
    }

    /// Bytes of pictures that are held, and files that are held open beyond that: a name that is used again loses no part
    /// that is held. Beyond both, pictures are told by their names, and read when it is their turn.
    static let (byteLimit, fileLimit) = (64 << 20, 256)

    private(set) var arrivals: ArraySlice<Arrival> = []
    private(set) var heldBytes = 0
    private(set) var heldFiles = 0
    /// By name, how many are to be read when they are handed out.
    private var later: [FileName: Int] = [:]
    /// One that is being read now, and whether its file has been written to since.
    private var inHand: (name: FileName, isSpoiled: Bool)?
    /// Why the folder cannot be looked at; nil = it can.
    var failure: CaptureError?
    /// When the folder's disk, or its server, last answered.
    var answered = ContinuousClock.now
    /// Whether files are complete when they rest, and nobody announces a write.
    var isResting = false
    /// Times that all announcements were dealt with.
    var passes: UInt64 = 0
    var isStopped = false
    var hasEnded = false
    var reading: SourceReading

    init(reading: SourceReading) { self.reading = reading }

    var hasRoomForBytes: Bool { heldBytes < Self.byteLimit }
    var hasRoomForFiles: Bool { heldFiles < Self.fileLimit }

    mutating func add(_ arrival: Arrival) {
        arrivals.append(arrival)
        count(arrival, 1)
        reading.skipped.inARow = 0
    }

    /// A picture came whose bytes are gone; the one that has its name was taken already, and came after it.
    mutating func addMissed(_ arrival: Arrival, before name: FileName) {
        let index = arrivals.lastIndex { $0.name == name } ?? arrivals.endIndex
        arrivals.insert(arrival, at: index)
        reading.overwritten += 1
    }

    private mutating func count(_ arrival: Arrival, _ sign: Int) {
        switch arrival.content {
        case .bytes(let bytes): heldBytes += sign * bytes.count
        case .later(let file):
            heldFiles += file == nil ? 0 : sign
            later[arrival.name, default: 0] += sign
            if later[arrival.name] == 0 { later[arrival.name] = nil }
        case .missed, .unreadable: break
        }
    }

    /// A file is being written to: what was to be read of it is gone.
    mutating func spoil(_ name: FileName) {
        if inHand?.name == name { inHand?.isSpoiled = true }
        guard later[name] != nil else { return }
        for index in arrivals.indices where arrivals[index].name == name && arrivals[index].isLater {
            count(arrivals[index], -1)
            arrivals[index].content = .missed(reason: "it was written to again before it was read")
            reading.overwritten += 1
        }
    }

    /// - Returns: whether it was not handed out yet, and has the new name when it is.
    mutating func rename(_ old: FileName, to new: FileName) -> Bool {
        guard let index = arrivals.lastIndex(where: { $0.name == old && $0.identity != nil }) else { return false }
        count(arrivals[index], -1)
        arrivals[index].name = new
        count(arrivals[index], 1)
        return true
    }

    mutating func take() -> Arrival? {
        guard let arrival = arrivals.popFirst() else { return nil }
        count(arrival, -1)
        inHand = arrival.isLater ? (arrival.name, false) : nil
        return arrival
    }

    var isInHandSpoiled: Bool { inHand?.isSpoiled ?? false }
}
