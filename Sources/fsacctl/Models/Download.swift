import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import NIOHTTP1

/// One file on its way: beside its place until it is whole, and taken up again where it was cut.
struct Download {
    /// In a row without a byte more.
    private static let maximumAttempts = 4

    let url: String
    let path: String
    let server: ModelServer
    let progress: @Sendable (_ bytes: Int, _ total: Int?) -> Void

    private var partialPath: String { path + ".part" }
    /// What the server called the version that the part is of.
    private var validatorPath: String { path + ".version" }

    /// Fetches the file unless it is there.
    func run() async throws {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        var attempts = 0
        while true {
            let before = partialBytes
            do {
                try await attempt()
                break
            } catch let failure as Failure {
                attempts = partialBytes > before ? 0 : attempts + 1
                if attempts >= Self.maximumAttempts { throw error(failure, attempts: attempts) }
                try await Task.sleep(for: .milliseconds(200 << attempts))
            }
        }
        try FileManager.default.moveItem(atPath: partialPath, toPath: path)
        remove(validatorPath)
    }

    /// What another attempt may mend.
    private enum Failure: Error {
        case unreachable(String)
        case status(UInt)
        case cut(expectedBytes: Int?)
    }

    private func error(_ failure: Failure, attempts: Int) -> PullError {
        switch failure {
        case .unreachable(let reason): .unreachable(url: url, reason: reason, files: [])
        case .status(let status): .refused(url: url, status: status)
        case .cut(let expected):
            .cutShort(url: url, gotBytes: partialBytes, expectedBytes: expected, attempts: attempts)
        }
    }

    private func attempt() async throws {
        let start = partialBytes
        var headers: [(String, String)] = []
        if start > 0 {
            headers.append(("Range", "bytes=\(start)-"))
            // Without the file a server that has no versions is believed to have but one.
            if let version = try? String(contentsOfFile: validatorPath, encoding: .utf8) {
                headers.append(("If-Range", version))
            }
        }
        let response: HTTPClientResponse
        do {
            response = try await server.get(url, headers: headers)
        } catch let error as PullError {
            throw error
        } catch {
            throw Failure.unreachable(Self.words(error))
        }
        switch response.status.code {
        case 200: try await receive(response, from: 0)
        case 206 where Self.rangeStart(response) == start: try await receive(response, from: start)
        case 206, 416:
            // Another range than the one that was asked for, or none: the part is of something else.
            remove(partialPath)
            throw Failure.cut(expectedBytes: nil)
        case 408, 429, 500...599: throw Failure.status(response.status.code)
        default: throw PullError.refused(url: url, status: response.status.code)
        }
    }

    private func receive(_ response: HTTPClientResponse, from start: Int) async throws {
        let version = response.headers.first(name: "ETag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
        remove(validatorPath)
        if let version = version ?? response.headers.first(name: "Last-Modified") {
            try version.write(toFile: validatorPath, atomically: true, encoding: .utf8)
        }
        let total = response.headers.first(name: "Content-Length").flatMap { Int($0) }.map { $0 + start }
        let descriptor = open(partialPath, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw PullError.file(path: partialPath, reason: Self.systemMessage()) }
        defer { close(descriptor) }
        guard ftruncate(descriptor, start) == 0, lseek(descriptor, 0, SEEK_END) == start else {
            throw PullError.file(path: partialPath, reason: Self.systemMessage())
        }
        var count = start
        progress(count, total)
        do {
            for try await buffer in response.body {
                try write(buffer, to: descriptor)
                count += buffer.readableBytes
                progress(count, total)
            }
        } catch let error as PullError {
            throw error
        } catch {
            throw Failure.cut(expectedBytes: total)
        }
        guard total == nil || count == total else { throw Failure.cut(expectedBytes: total) }
        guard fsync(descriptor) == 0 else { throw PullError.file(path: partialPath, reason: Self.systemMessage()) }
    }

    private func write(_ buffer: ByteBuffer, to descriptor: Int32) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw PullError.file(path: partialPath, reason: Self.systemMessage()) }
                written += count
            }
        }
    }

    private var partialBytes: Int {
        var status = stat()
        return stat(partialPath, &status) == 0 ? Int(status.st_size) : 0
    }

    /// It may not be there, and what stays is overwritten.
    private func remove(_ path: String) { unlink(path) }

    /// `bytes 100-999/1000` begins at 100.
    private static func rangeStart(_ response: HTTPClientResponse) -> Int? {
        guard let text = response.headers.first(name: "Content-Range"), text.hasPrefix("bytes ") else { return nil }
        return Int(text.dropFirst("bytes ".count).prefix { $0 != "-" })
    }

    private static func systemMessage() -> String { String(cString: strerror(errno)) }

    private static func words(_ error: any Error) -> String { "\(error)" }
}
