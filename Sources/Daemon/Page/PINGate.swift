import ControlProtocol
import Platform
import Synchronization

/// Lets those act who know the PIN, if one is asked for.
final class PINGate: Sendable {
    /// One after the other, for each try takes memory; the line goes first.
    private static let lane = WorkLane("fsac-pin", threads: 1, niceness: 10)

    private let pin: PINHash?
    private let tries = Mutex(TryLimit(5, in: .seconds(60)))

    init(_ pin: PINHash?) { self.pin = pin }

    /// - Throws: `pinWrong`; `tooManyTries` when others were wrong lately, whatever this one is.
    func check(_ given: String?) async throws(ControlError) {
        guard let pin else { return }
        guard let given, !given.isEmpty else {
            throw ControlError(code: .pinWrong, message: "request: X-Fsac-Pin: expected the PIN of the station")
        }
        let now = Duration.sinceBoot
        guard tries.withLock({ $0.take(at: now) }) else {
            throw ControlError(
                code: .tooManyTries, message: "request: X-Fsac-Pin: wrong five times within a minute: wait a minute")
        }
        // More digits than a PIN has are not worth the memory.
        let isRight =
            given.utf8.count <= PINHash.digits.upperBound ? (try? await Self.lane.run { pin.matches(given) }) : false
        guard isRight == true else { throw ControlError(code: .pinWrong, message: "request: X-Fsac-Pin: wrong") }
        tries.withLock { $0.forgive(at: now) }
    }
}
