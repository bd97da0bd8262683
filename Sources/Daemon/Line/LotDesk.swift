package import ControlProtocol
package import Logging
import Platform
import Synchronization

/// Of which lot each camera's parts are, as somebody said (`lots.json`).
///
/// A part is of the lot that was set when its frame was taken, or its trigger came: parts that wait in the queue keep it.
package final class LotDesk: HealthSource {
    private static let fileName = "lots.json"
    /// Changes that are remembered, by camera: more than are made while a part waits for its inspection.
    private static let remembered = 100

    private struct State {
        /// When each lot began, oldest first; nil = none. Never empty for a camera that has had one.
        var lots: [String: [(from: ContinuousClock.Instant?, lot: String?)]] = [:]
        /// Why nobody knows which lots there were.
        var failure: String?
    }

    private let path: String
    private let documents = StateDocuments()
    private let cameras: [String]
    private let state: Mutex<State>

    /// - Parameter cameras: of the configuration.
    package init(cameras: [String], stateDirectory: String, logger: Logger) {
        path = "\(stateDirectory)/\(Self.fileName)"
        self.cameras = cameras
        var state = State()
        do {
            for (camera, lot) in try documents.read([String: String].self, from: path) ?? [:] {
                state.lots[camera] = [(nil, lot)]
            }
        } catch {
            logger.error("the lots cannot be read: parts are of none", metadata: ["error": "\(error)"])
            state.failure = PrintableText.line("\(error)", atMost: 200)
        }
        self.state = Mutex(state)
    }

    /// Of a part whose frame was taken, or whose trigger came, at a time.
    package func lot(of camera: String, at time: ContinuousClock.Instant) -> String? {
        state.withLock { state in
            (state.lots[camera] ?? []).last { $0.from.map { $0 <= time } ?? true }?.lot
        }
    }

    /// Those of now, of all cameras.
    package var lots: [LotReply] {
        state.withLock { state in
            Set(cameras).union(state.lots.keys).sorted().map { LotReply(camera: $0, lot: state.lots[$0]?.last?.lot) }
        }
    }

    /// From the next frame or trigger on. Waits for the disk.
    ///
    /// - Parameters:
    ///   - lot: nil = none.
    ///   - camera: nil = all.
    /// - Throws: when that cannot be written: the lots stay.
    package func set(_ lot: String?, for camera: String?) throws {
        let named = camera.map { [$0] } ?? Array(Set(cameras).union(state.withLock { $0.lots.keys }))
        var document = state.withLock { $0.lots.compactMapValues { $0.last?.lot } }
        for name in named { document[name] = lot }
        try documents.write(document, to: path)
        state.withLock { state in
            state.failure = nil
            for name in named {
                state.lots[name] = Array(((state.lots[name] ?? []) + [(.now, lot)]).suffix(Self.remembered))
            }
        }
    }

    package var findings: [Finding] {
        state.withLock(\.failure).map {
            [
                Finding(
                    warning: "lots",
                    "which lot runs cannot be read (\($0)): parts are of none: `fsacctl lot set` mends it")
            ]
        } ?? []
    }
}
