import Glibc
import Synchronization

/// A fault that a test asks for when it starts a program. Nothing of it happens without `FSAC_FAILPOINT` in the environment:
///
///     FSAC_FAILPOINT=POINT.ACTION:N
///
/// The N-th time that POINT is passed, counted from 1, ACTION happens: `kill` ends the process as SIGKILL does, `hang` does not
/// return, `error` fails this once and `errors` from now on, with EIO; `trace` does nothing, from now on. A loop N = 1, 2, ...
/// until a run passes untouched comes by every place between two steps.
///
/// Points are `inference`, `capture`, `fit`, `supervision` and `event` (a change whose event is written and that is not made yet),
/// which can be killed or hang, and `disk(TEXT)`: each operation on
/// the disk that TEXT is a part of when it is written as `rename /var/lib/fsac/recipes/part/tmp-current.17`; `disk()` is all.
///
/// With `FSAC_FAILPOINT_AFTER=PATH` passes count from when there is a file at PATH. What happens is said on standard error, in a
/// line that begins with `failpoint:`.
package final class Failpoint: Sendable {
    package enum Action: String, Sendable, CaseIterable {
        case kill, hang, error, errors, trace
    }

    /// What the environment asks for; nil in every program that no test has started.
    package static let asked: Failpoint? = {
        guard let text = getenv("FSAC_FAILPOINT") else { return nil }
        guard
            let failpoint = Failpoint(
                String(cString: text), after: getenv("FSAC_FAILPOINT_AFTER").map { String(cString: $0) })
        else {
            fatalError("FSAC_FAILPOINT: expected POINT.ACTION:N, for example disk(/journal/).kill:3")
        }
        return failpoint
    }()

    private enum Point: Equatable {
        case named(Substring)
        /// Operations of the disk that this text is a part of.
        case disk(Substring)
    }

    private let point: Point
    private let action: Action
    private let firstPass: Int
    private let startFile: String?
    private let passes = Atomic<Int>(0)

    /// - Parameters:
    ///   - text: `POINT.ACTION:N`.
    ///   - startFile: from when on passes count; nil = from the start.
    /// - Returns: nil for text of another form.
    package init?(_ text: String, after startFile: String? = nil) {
        guard let colon = text.lastIndex(of: ":"), let dot = text[..<colon].lastIndex(of: "."),
            let action = Action(rawValue: String(text[text.index(after: dot)..<colon])),
            let firstPass = Int(text[text.index(after: colon)...]), firstPass > 0
        else { return nil }
        let name = text[..<dot]
        let isDisk = name.hasPrefix("disk(") && name.hasSuffix(")")
        point = isDisk ? .disk(name.dropFirst("disk(".count).dropLast()) : .named(name)
        self.action = action
        self.firstPass = firstPass
        self.startFile = startFile
    }

    /// Called where something is about to be done that a test wants to end or hang.
    package static func pass(_ name: String) {
        guard let asked, asked.point == .named(name[...]) else { return }
        _ = asked.pass(at: name)
    }

    /// - Parameter step: an operation on the disk that comes next, and its path.
    /// - Returns: the errno that it is to fail with in place of being done; nil = it is done.
    package func errno(atDisk step: String) -> CInt? {
        guard case .disk(let text) = point, text.isEmpty || step.contains(text) else { return nil }
        return pass(at: step) ? EIO : nil
    }

    /// - Returns: whether the step fails.
    private func pass(at step: String) -> Bool {
        if let startFile, access(startFile, F_OK) != 0 { return false }
        let pass = passes.add(1, ordering: .relaxed).newValue
        guard pass == firstPass || pass > firstPass && action != .error else { return false }
        let message = Array("failpoint: \(action.rawValue) at pass \(pass): \(step)\n".utf8)
        _ = write(STDERR_FILENO, message, message.count)
        switch action {
        case .error, .errors: return true
        case .trace: return false
        case .kill: kill(getpid(), SIGKILL)
        case .hang: break
        }
        while true { sleep(1) }
    }
}
