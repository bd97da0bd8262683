internal import Glibc

/// How much memory this process may have.
package enum MemoryLimit {
    /// In bytes: what its control group and those above allow, and no more than the machine has. Under systemd it is the unit's
    /// `MemoryMax=`.
    ///
    /// A limit that cannot be read is none.
    ///
    /// - Parameters:
    ///   - root: what is before `/proc` and `/sys`.
    ///   - machine: that the machine has, in bytes.
    package static func bytes(root: String = "", machine: Int = installed) -> Int {
        guard let groups = try? text(of: "\(root)/proc/self/cgroup") else { return machine }
        var limit = machine
        for line in groups.split(separator: "\n") {
            // `hierarchy:controllers:path`; without controllers it is version 2.
            let words = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count == 3 else { continue }
            if words[1].isEmpty {
                limit = min(limit, smallest(below: "\(root)/sys/fs/cgroup", words[2], file: "memory.max"))
            } else if words[1].split(separator: ",").contains("memory") {
                let folder = "\(root)/sys/fs/cgroup/memory"
                limit = min(limit, smallest(below: folder, words[2], file: "memory.limit_in_bytes"))
            }
        }
        return limit
    }

    /// That the machine has, in bytes.
    package static var installed: Int { sysconf(CInt(_SC_PHYS_PAGES)) * sysconf(CInt(_SC_PAGESIZE)) }

    /// Of a group and those above it.
    private static func smallest(below folder: String, _ path: Substring, file: String) -> Int {
        var limit = Int.max
        var group = folder
        for name in [""] + path.split(separator: "/").map({ "/\($0)" }) {
            group += name
            // `max` and files that are not there: no limit. In a container the path may be the host's.
            if let text = try? text(of: "\(group)/\(file)"), let bytes = Int(text.prefix { $0.isNumber }), bytes > 0 {
                limit = min(limit, bytes)
            }
        }
        return limit
    }

    /// Of the kernel's files, which say that they are empty.
    private static func text(of path: String) throws(DiskError) -> String {
        String(decoding: try Disk().openForReading(path).read(at: 0, count: 4096), as: UTF8.self)
    }
}
