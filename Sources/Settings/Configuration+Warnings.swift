import Glibc
import Platform

extension Configuration {
    /// Used unless another file is named, by the daemon and by whoever checks a configuration.
    package static let standardPath = "/etc/fsac/config.toml"

    /// What may be written, and is most likely not meant: one line each. Looks at the folders of this computer.
    ///
    /// - Parameter cores: of this computer.
    package func warnings(cores: Int = sysconf(CInt(_SC_NPROCESSORS_ONLN))) -> [String] {
        var warnings: [String] = []
        if computeThreads > cores {
            warnings.append(
                "compute_threads: got \(computeThreads), and this computer has \(cores) "
                    + "core\(cores == 1 ? "" : "s"): threads that wait for each other make every part slower: set \(cores)"
            )
        }
        let folders = cameras.filter { $0.source == .folder }
        for camera in folders {
            guard let problem = Self.problem(ofFolder: camera.path) else { continue }
            warnings.append(
                "camera \(camera.name): path: \(camera.path): \(problem): no part will be seen: make the folder, or mend path"
            )
        }
        for (index, camera) in folders.enumerated() {
            // By what it is, not by its name: a link or another spelling is the same folder.
            guard let twin = folders[..<index].first(where: { Self.isSame($0.path, camera.path) }) else { continue }
            warnings.append(
                "camera \(camera.name): path: \(camera.path) is also \(twin.name)'s: every part is judged twice: "
                    + "give each camera a folder of its own")
        }
        return warnings
    }

    private static func problem(ofFolder path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return ErrnoText.describe(errno) }
        return status.st_mode & S_IFMT == S_IFDIR ? nil : "expected a folder, got a file"
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0, stat(other, &second) == 0 else { return one == other }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
