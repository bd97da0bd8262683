package import ControlProtocol
import Journal
package import Logging
import Platform
import ServiceLifecycle
import Synchronization

/// Reads both journals after the start and once a day, at a tenth of what the disk and a core can do: damage in an old segment is
/// told before somebody needs the segment.
///
/// Not watched, and of the lowest priority: the line does not wait for it, and nothing is judged by what it finds.
package final class JournalCheck: HealthSource, Service {
    private static let period = Duration.seconds(86_400)

    private let stateDirectory: String
    private let logger: Logger
    private let damage = Mutex<DamageReply?>(nil)
    private let isStopping = Monitor(false)

    package init(stateDirectory: String, logger: Logger) {
        self.stateDirectory = stateDirectory
        self.logger = logger
    }

    /// What was found last; nil = nothing.
    package var found: DamageReply? { damage.withLock { $0 } }

    package var findings: [Finding] {
        guard let found else { return [] }
        let places = "\(found.places) place\(found.places == 1 ? " is" : "s are")"
        return [
            Finding(
                warning: "journal", "\(places) damaged, the first: \(found.first): `fsacctl verify` lists all of them")
        ]
    }

    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-verify", niceness: 19) { self.keep() }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
        }
    }

    private func keep() {
        repeat { check() } while isStopping.wait(timeout: Self.period) { $0 ? true : nil } == nil
    }

    private func check() {
        var found: DamageReply?
        for folder in ["journal", "events"] {
            guard let report = report(folder) else { return }
            guard let first = report.findings.first else { continue }
            let (places, words) = (report.damage + (found?.places ?? 0), found?.first ?? "\(first)")
            found = DamageReply(places: places, first: words)
        }
        let known = damage.withLock { damage in
            defer { damage = found }
            return damage
        }
        guard let found, found != known else { return }
        logger.error(
            "a journal is damaged: `fsacctl verify` lists it",
            metadata: ["places": "\(found.places)", "first": "\(found.first)"])
    }

    /// Nil when it was not read to its end.
    private func report(_ folder: String) -> JournalReport? {
        var last = ContinuousClock.now
        do {
            let report = try JournalVerification.run(folder: "\(stateDirectory)/\(folder)") { _ in
            } goesOn: { _ in
                MonotonicTime.sleep(min((ContinuousClock.now - last) * 9, .seconds(1)))
                last = .now
                return !self.isStopping.read(\.self)
            }
            return isStopping.read(\.self) ? nil : report
        } catch {
            logger.warning("a journal could not be looked at", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
