import ControlProtocol
import Platform

/// A picture on the client's side. The daemon never sees a path: files are opened and checked here, as the user.
enum PictureFile {
    /// Reads a regular file of at most ``ControlLimits/imageBytes``; pipes, devices and folders are refused at once.
    static func read(_ path: String) throws(ClientError) -> [UInt8] {
        let file: RegularFile
        do {
            file = try RegularFile(path)
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
        guard file.byteCount <= ControlLimits.imageBytes else {
            throw .file(path: path, reason: "\(file.byteCount) bytes: a picture may have \(ControlLimits.imageBytes)")
        }
        do {
            return try file.read(at: 0, count: file.byteCount)
        } catch {
            throw .file(path: path, reason: ErrnoText.describe(error.errno))
        }
    }
}
