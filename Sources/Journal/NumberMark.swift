import ControlProtocol
import Glibc
package import Platform

/// Which numbers may have been given out, kept beside the journal's folder: a segment that is emptied, cut, planted or
/// gone makes no number come twice, and no picture take the name of an older one.
///
/// Numbers are reserved ahead, thousands at a time: a verdict costs no write of its own. After a run that did not end
/// well the reserved ones count as used, and numbers go on behind them; a line of the next segment says which were left
/// out (``NumberGap``).
///
/// Two places of the file are written in turn, each in place and synced: a write that a power cut ends leaves the other
/// one, and a full disk has room for both.
package struct NumberMark: Sendable, Equatable {
    /// No number below is given out again.
    package private(set) var next: UInt64
    /// Whether all below `next` were given out: the last run ended well. Else it had reserved them, and some of them
    /// may be in lines.
    package private(set) var isExact: Bool
    /// Of the last write; its parity is the place.
    private var turn: UInt64

    /// As if nothing had ever been given out.
    package static let none = NumberMark(next: 1, isExact: true, turn: 0)

    /// What the file of a journal folder says.
    package enum Reading: Equatable {
        case known(NumberMark)
        /// A new journal, or one of a version that kept no mark.
        case missing
        /// Neither place can be trusted.
        case damaged
    }

    /// A sector: the disk writes it as a whole.
    private static let placeBytes = 512
    /// Numbers that may have been reserved beyond a place that can be trusted when the other one cannot.
    package static let mostReserved: UInt64 = 20_000

    package static func path(of folder: String) -> String { "\(folder).numbers" }

    private struct Place: Codable {
        var turn: UInt64
        var next: UInt64
        var exact: Bool
    }

    /// - Throws: ``DiskError`` when nobody knows: the disk does not answer.
    package static func read(of folder: String, disk: Disk) throws(DiskError) -> Reading {
        let bytes: [UInt8]
        do {
            bytes = try disk.read(path(of: folder))
        } catch {
            if error.errno == ENOENT { return .missing }
            // Somebody put something else there.
            if error.isOfTheFile { return .damaged }
            throw error
        }
        let places = [0, placeBytes].map { start in place(bytes.dropFirst(start).prefix(placeBytes)) }
        let known = places.compactMap(\.self)
        guard let newest = known.max(by: { $0.turn < $1.turn }) else { return .damaged }
        // What cannot be read may have been the newer one.
        guard known.count == 2 else {
            return .known(NumberMark(next: newest.next + mostReserved, isExact: false, turn: newest.turn))
        }
        return .known(NumberMark(next: newest.next, isExact: newest.exact, turn: newest.turn))
    }

    private static func place(_ bytes: ArraySlice<UInt8>) -> Place? {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
        guard JournalLine.checksum(of: line) != nil,
            let place = try? ControlCoding.decode(Place.self, from: Array(line)),
            place.next <= JournalNames.greatestBelieved + mostReserved, place.turn < .max
        else { return nil }
        return place
    }

    /// Makes a mark durable: numbers below `next` may be given out, or were, from here on.
    ///
    /// - Throws: ``DiskError``; this value and what the next start reads stay as they were, or the file has the new
    ///   mark.
    package mutating func write(next: UInt64, isExact: Bool, of folder: String, disk: Disk) throws(DiskError) {
        let new = NumberMark(next: next, isExact: isExact, turn: turn + 1)
        let path = Self.path(of: folder)
        let parent = FilePath.split(path).folder
        try disk.createFolder(parent)
        if turn == 0 || access(path, F_OK) != 0 {
            // Both places, so that one that cannot be read is known for damage; and whole or not at all.
            try disk.replace(path, with: new.bytes + new.bytes)
        } else {
            try disk.overwrite(path, at: Int(new.turn % 2) * Self.placeBytes, with: new.bytes)
        }
        self = new
    }

    /// A line that people can read, filled up to its place.
    private var bytes: [UInt8] {
        var object = JSONLine()
        object.add("turn", turn)
        object.add("next", next)
        object.add("exact", isExact)
        let line = JournalLine.sealed(object) + [UInt8(ascii: "\n")]
        return line + [UInt8](repeating: 0, count: Self.placeBytes - line.count)
    }
}
