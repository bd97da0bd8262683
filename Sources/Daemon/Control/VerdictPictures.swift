import ControlProtocol
import Core
import Glibc
import Journal
import Platform

/// A verdict of the journal and what is stored of it.
struct VerdictPictures: Sendable {
    enum Kind: String, Sendable {
        case image, heatmap
    }

    /// Where the pictures of a journal line are.
    private struct Paths: Decodable {
        var image: String?
        var heatmap: String?
    }

    let source: any VerdictSource
    let stateDirectory: String
    /// Of one that is not there; nil = not known.
    var fate: ImageStore.FateOf = { _ in nil }

    /// Reads the journal.
    func line(of sequence: UInt64) throws -> VerdictLine {
        guard let line = try source.lines(from: sequence, count: 1).first, line.sequence == sequence else {
            throw ControlError.notFound("inspections: no verdict \(sequence) in the journal")
        }
        return line
    }

    /// The stored picture of a verdict. It is written after the verdict is out: a new one is given a second.
    func picture(of sequence: UInt64, _ kind: Kind) async throws -> (bytes: [UInt8], fileExtension: String) {
        let path = try await WorkLane.quick.run { try self.path(of: sequence, kind) }
        // An old one that is not there was dropped or removed: waiting would not bring it.
        var attempts = source.lastSequence - min(sequence, source.lastSequence) < 100 ? 20 : 1
        while true {
            do {
                let bytes = try await WorkLane.quick.run { try Disk().read("\(stateDirectory)/\(path)") }
                // A power cut may have left the name without the bytes.
                guard ImageFormat(sniffing: bytes) != nil else {
                    throw DiskError(operation: .read, path: path, errno: EINVAL)
                }
                return (bytes, path.hasSuffix(".png") ? "png" : "jpg")
            } catch {
                attempts -= 1
                let fate = fate(sequence)
                guard attempts > 0, fate != .dropped else {
                    throw Self.absence(of: "\(kind.rawValue) of verdict \(sequence)", fate)
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private static func absence(of what: String, _ fate: ImageStore.Fate?) -> ControlError {
        switch fate {
        case .waiting:
            ControlError(
                code: .pictureWaiting, message: "inspections: the \(what) is on its way to the disk: try again")
        case .dropped:
            ControlError(
                code: .pictureDropped,
                message:
                    "inspections: the \(what) was dropped: it came faster than the disk takes them, or there was no room"
            )
        case nil: .notFound("inspections: the \(what) is not stored (any more)")
        }
    }

    private func path(of sequence: UInt64, _ kind: Kind) throws -> String {
        let paths = try ControlCoding.decode(Paths.self, from: line(of: sequence).bytes)
        let path = kind == .image ? paths.image : paths.heatmap
        // A line is only as trusted as its checksum: no path leads out of the state directory.
        guard let path, !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
            throw ControlError.notFound("inspections: verdict \(sequence) has no \(kind.rawValue)")
        }
        return path
    }
}
