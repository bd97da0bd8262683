import Capture
import Foundation
import Glibc

/// A fault that a test asks for when it starts the daemon: with `FSAC_FAILPOINT=inference.hang:25` the inspection of the
/// first frame that has number 25 or more never ends.
struct Failpoint {
    private let frame: UInt64

    /// Nil unless the environment names it.
    init?(name: String) {
        let words = ProcessInfo.processInfo.environment["FSAC_FAILPOINT"]?.split(separator: ":") ?? []
        guard words.count == 2, words[0] == name, let frame = UInt64(words[1]) else { return nil }
        self.frame = frame
    }

    /// On the inspection thread: never returns once the frame has come.
    func pass(_ part: Part) {
        guard case .success(let frame) = part.frame, frame.number >= self.frame else { return }
        while true { sleep(1) }
    }
}
