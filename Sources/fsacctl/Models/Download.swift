import ControlClient
import Foundation
import Glibc
import Platform

/// One file on its way: beside its place until it is whole, and taken up again where it was cut.
struct Download: Sendable {
    /// In a row without a byte more than there ever was. The pauses between them are some three seconds; more is for a
    /// person to decide, who runs the command again.
    private static let maximumAttempts = 4

    /// For messages; `address` is where it is asked for.
    let url: String
    let address: String
    let path: String
    let progress: @Sendable (_ bytes: Int, _ total: Int?) -> Void

    private var partialPath: String { path + ".part" }
    /// Where it is kept what the partial file is of.
    private var versionPath: String { path + ".version" }

    /// What a server says of the file that it has. A partial file of one version is never continued with another.
    private struct Version: Codable, Equatable {
        /// A strong `ETag`, else `Last-Modified`: what `If-Range` takes.
        var validator: String?
        /// Of the whole file.
        var bytes: Int?
    }

    /// What another attempt may mend.
    private enum Failure: Error {
        case unreachable(String)
        /// Of a server that may be well again in a moment.
        case status(Int)
        case cut(expectedBytes: Int?)
    }

    /// Fetches the file unless it is there. Blocks its thread (``onThread(_:)``).
    ///
    /// A file with its final name is complete: it gets the name last.
    ///
    /// - Throws: ``PullError``; what was fetched stays for another run.
    func run() throws {
        guard access(path, F_OK) != 0 else { return }
        var (attempts, furthest) = (0, 0)
        while true {
            do {
                try attempt()
                break
            } catch let failure as Failure {
                // Whoever gets further may go on for ever: a bad line is slow, but it ends.
                attempts = partialBytes > furthest ? 0 : attempts + 1
                furthest = max(furthest, partialBytes)
                if attempts >= Self.maximumAttempts { throw error(failure, attempts: attempts) }
                // 0.2 s after progress, then 0.4, 0.8 and 1.6 s.
                Thread.sleep(forTimeInterval: 0.2 * Double(1 << attempts))
            }
        }
        try PartialFile.withWords { () throws(DiskError) in try Disk().rename(partialPath, to: path) }
        remove(versionPath)
    }

    private func error(_ failure: Failure, attempts: Int) -> PullError {
        switch failure {
        case .unreachable(let reason): .unreachable(url: url, reason: reason, files: [])
        case .status(let status): .refused(url: url, status: status)
        case .cut(let expected):
            .cutShort(url: url, gotBytes: partialBytes, expectedBytes: expected, attempts: attempts)
        }
    }

    private func attempt() throws {
        // Of a partial file whose version nobody knows it cannot be said whether it may be continued.
        let version = try? JSONDecoder().decode(Version.self, from: Data(Disk().read(versionPath)))
        let start = version == nil ? 0 : partialBytes
        // A range of compressed bytes would be a range of something else.
        var exchange = Exchange(url: address, route: .web, headers: ["Accept-Encoding: identity"])
        if start > 0 {
            // Not by CURLOPT_RESUME_FROM: there, a new version that is just as long as the partial file counts as done.
            exchange.headers.append("Range: bytes=\(start)-")
            if let validator = version?.validator { exchange.headers.append("If-Range: \(validator)") }
        }
        var file: PartialFile?
        do {
            let reply = try exchange.perform { reply, piece in
                let here = try file ?? begin(reply, after: start, of: version)
                file = here
                try here.write(piece)
                progress(here.bytes, here.total)
            }
            try (file ?? begin(reply, after: start, of: version)).finish()
        } catch Exchange.Failure.unreachable(let words, _) {
            throw Failure.unreachable(words)
        } catch Exchange.Failure.cut(let reply, _) {
            throw Failure.cut(expectedBytes: file?.total ?? Self.version(reply)?.bytes)
        } catch Exchange.Failure.address(let words) {
            throw PullError.badURL(url, reason: "an answer that leads nowhere: \(words)")
        }
        guard file?.total == nil || file?.bytes == file?.total else { throw Failure.cut(expectedBytes: file?.total) }
    }

    /// Opens the partial file for what the reply holds, at its beginning or behind the first `start` bytes.
    private func begin(_ reply: Exchange.Reply, after start: Int, of version: Version?) throws -> PartialFile {
        let place: Int
        let got = Self.version(reply)
        switch reply.status {
        case 200:
            // In this order: whenever it ends, the version never says more than is true of the partial file.
            remove(versionPath)
            place = 0
        case 206 where start > 0 && got == version && Self.range(reply)?.start == start: place = start
        case 206, 416:
            // Another range than the one that was asked for, or of another version, or none.
            remove(versionPath)
            remove(partialPath)
            throw Failure.cut(expectedBytes: nil)
        // Time-out, too many requests, the server's own faults: these pass. All others would say the same again.
        case 408, 429, 500...599: throw Failure.status(reply.status)
        default: throw PullError.refused(url: url, status: reply.status)
        }
        let file = try PartialFile(partialPath, keeping: place, total: got?.bytes)
        if place == 0, let got {
            let text = [UInt8](try JSONEncoder().encode(got))
            try PartialFile.withWords { () throws(DiskError) in try Disk().replace(versionPath, with: text) }
        }
        progress(place, got?.bytes)
        return file
    }

    /// Nil when nothing tells one version from another.
    private static func version(_ reply: Exchange.Reply) -> Version? {
        // A weak one says that two files mean the same, not that they are the same bytes.
        let tag = reply.headers["etag"].flatMap { $0.hasPrefix("W/") ? nil : $0 }
        let bytes = reply.status == 206 ? range(reply)?.total : reply.headers["content-length"].flatMap { Int($0) }
        let version = Version(validator: tag ?? reply.headers["last-modified"], bytes: bytes)
        return version == Version() ? nil : version
    }

    /// `bytes 100-999/1000`; the total may be `*`, which is not known.
    private static func range(_ reply: Exchange.Reply) -> (start: Int, total: Int?)? {
        guard let text = reply.headers["content-range"],
            let match = text.wholeMatch(of: /bytes (\d+)-\d+\/(\d+|\*)/), let start = Int(match.1)
        else { return nil }
        return (start, Int(match.2))
    }

    private var partialBytes: Int {
        var status = stat()
        return stat(partialPath, &status) == 0 ? Int(status.st_size) : 0
    }

    /// It may not be there, and what stays is overwritten.
    private func remove(_ path: String) { unlink(path) }
}

/// The beginning of a file, to which bytes are added.
private struct PartialFile {
    /// Of the whole file, when that is known.
    let total: Int?
    private let file: AppendFile

    /// - Parameter bytes: of what is there, that are kept.
    init(_ path: String, keeping bytes: Int, total: Int?) throws(PullError) {
        self.total = total
        file = try Self.withWords { () throws(DiskError) in
            bytes == 0
                ? try AppendFile(creating: path, mode: 0o644, disk: Disk())
                : try AppendFile(continuing: path, length: bytes, disk: Disk())
        }
    }

    var bytes: Int { file.length }

    func write(_ piece: UnsafeRawBufferPointer) throws(PullError) {
        try Self.withWords { () throws(DiskError) in try file.append(piece) }
    }

    /// Before the file gets its final name: after a power cut a complete name must not stand for half a file.
    func finish() throws(PullError) {
        try Self.withWords { () throws(DiskError) in try file.sync() }
    }

    static func withWords<Value>(_ work: () throws(DiskError) -> Value) throws(PullError) -> Value {
        do {
            return try work()
        } catch {
            throw .file(path: error.path, reason: ErrnoText.describe(error.errno))
        }
    }
}
