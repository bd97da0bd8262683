internal import Foundation
internal import Glibc

/// A folder of files that can be made again: when they are too many, the longest unused are removed.
package struct CacheFolder: Sendable {
    package let path: String
    /// Of the names of its files; others are left alone.
    let ending: String
    /// Bytes of all files, at most.
    let capacity: Int

    package init(path: String, ending: String, capacity: Int) {
        self.path = path
        self.ending = ending
        self.capacity = capacity
    }

    package func file(_ name: String) -> String { "\(path)/\(name)\(ending)" }

    /// The time of a file's modification is that of its last use.
    func touch(_ file: String) { utimensat(AT_FDCWD, file, nil, 0) }

    func create() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    /// Call it after something was added.
    func makeRoom() throws {
        let keys: Set<URLResourceKey> = [.fileSizeKey, .contentModificationDateKey]
        var files: [(url: URL, bytes: Int, used: Date)] = []
        for url in try FileManager.default.contentsOfDirectory(
            at: URL(filePath: path), includingPropertiesForKeys: Array(keys))
        where url.lastPathComponent.hasSuffix(ending) {
            let values = try url.resourceValues(forKeys: keys)
            files.append((url, values.fileSize ?? 0, values.contentModificationDate ?? .distantPast))
        }
        var total = files.map(\.bytes).reduce(0, +)
        for file in files.sorted(by: { $0.used < $1.used }) where total > capacity {
            try FileManager.default.removeItem(at: file.url)
            total -= file.bytes
        }
    }
}
