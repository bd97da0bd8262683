import ControlProtocol
import Foundation
import Glibc

/// A picture on the client's side. The daemon never sees a path: files are opened and checked here, as the user.
enum PictureFile {
    /// Reads a regular file of at most ``ControlLimits/imageBytes``; pipes, devices and folders are refused at once.
    static func read(_ path: String) throws(ClientError) -> [UInt8] {
        // O_NONBLOCK: opening a pipe that nobody writes to must not hang.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, reason: "not a regular file") }
        guard status.st_size <= ControlLimits.imageBytes else {
            throw .file(
                path: path, reason: "\(status.st_size) bytes: a picture may have \(ControlLimits.imageBytes)")
        }
        do {
            return try [UInt8](handle.read(upToCount: Int(status.st_size)) ?? Data())
        } catch {
            throw .file(path: path, reason: "\(error.localizedDescription)")
        }
    }
}
