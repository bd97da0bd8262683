import ControlClient
import ControlProtocol
import Core
import Glibc
import Platform

/// A picture on the client's side. The daemon never sees a path: files are opened and checked here, as the user.
enum PictureFile {
    /// The pictures of a folder, in the order of their names, or the path itself when it is none or has none: reading says so.
    ///
    /// What else is in the folder is said, and no reason to stop: somebody meant the pictures.
    static func expand(_ path: String) -> [String] {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            let names = try? Disk().names(in: path).filter({ !$0.hasPrefix(".") })
        else { return [path] }
        let (pictures, others) = (names.filter(isPicture), names.filter { !isPicture($0) })
        if !others.isEmpty {
            Terminal.complain(
                "\(path): not read: \(others.prefix(3).joined(separator: ", "))"
                    + (others.count > 3 ? " and \(others.count - 3) more" : "")
                    + ": expected \(ImageFormat.endingsInWords)")
        }
        return pictures.isEmpty ? [path] : pictures.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    private static func isPicture(_ name: String) -> Bool {
        ImageFormat.fileEndings.contains { name.lowercased().hasSuffix($0) }
    }

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
