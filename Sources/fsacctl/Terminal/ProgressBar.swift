import Foundation
import Glibc
import Platform
import Synchronization

/// One line on standard error that shows how far long work has come; silent when that is no terminal: a log or a mail
/// of cron gets nothing of it.
///
///     fitting [##########----------]  50 %  2.1 s left
///     scoring [##########----------]  40/80 images  12.3 images/s  3.3 s left
///
/// Whoever makes one calls ``finish()`` before it prints anything else, and again by `defer` for errors: twice does no
/// harm. May be updated on any thread.
final class ProgressBar: Sendable {
    private struct State {
        var shownAt: ContinuousClock.Instant?
        var isShown = false
    }

    /// To the left margin; what is left of the old line goes.
    private static let clear = "\r\u{1B}[K"

    private let label: String
    private let total: Double
    private let unit: String?
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameters:
    ///   - total: what `completed` counts up to.
    ///   - unit: plural of what is counted; nil = show a percentage.
    init(_ label: String, total: Double = 1, unit: String? = nil) {
        self.label = label
        self.total = total
        self.unit = unit
    }

    /// Redraws, at most ten times a second.
    func update(_ completed: Double) {
        guard Terminal.errorIsTerminal else { return }
        let now = ContinuousClock.now
        // The lock is not held while it writes: a terminal may be slow.
        let isDue = state.withLock { state in
            if let shownAt = state.shownAt, now - shownAt < .milliseconds(100) { return false }
            state.shownAt = now
            state.isShown = true
            return true
        }
        guard isDue else { return }
        let line = Self.line(
            label: label, completed: completed, total: total, unit: unit, seconds: (now - start) / .seconds(1),
            width: Terminal.width)
        Terminal.write(Array((Self.clear + PrintableText.line(line)).utf8), to: STDERR_FILENO)
    }

    /// Takes the line away.
    func finish() {
        let isShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if isShown { Terminal.write(Array(Self.clear.utf8), to: STDERR_FILENO) }
    }

    static func line(
        label: String, completed: Double, total: Double, unit: String?, seconds: Double, width: Int
    ) -> String {
        let fraction = min(1, max(0, total > 0 ? completed / total : 1))
        var text = String(format: "%3.0f %%", 100 * fraction)
        if let unit {
            text = String(format: "%.0f/%.0f %@", completed, total, unit)
            // Slower work is told by what remains.
            if completed > seconds / 2 { text += String(format: "  %.1f %@/s", completed / seconds, unit) }
        }
        // The first moments tell nothing of what is to come.
        if fraction > 0, seconds > 0.5 {
            let left = seconds * (1 - fraction) / fraction
            text += "  " + (left < 60 ? String(format: "%.1f s", left) : Format.duration(seconds: left)) + " left"
        }
        // Narrower than the terminal where it can be: a line that wraps cannot be taken back.
        let cells = max(4, min(40, width - label.count - text.count - 6))
        let full = Int((Double(cells) * fraction).rounded())
        let bar = String(repeating: "#", count: full) + String(repeating: "-", count: cells - full)
        return "\(label) [\(bar)]  \(text)"
    }
}
