package import ControlProtocol
package import Journal
package import Logging
import Platform
package import Settings
import Synchronization

/// The alarms of all cameras, until somebody acknowledges them, also over restarts (`alarms.json`).
///
/// The inspection tells it of each verdict and waits for nothing: ``AlarmService`` writes what is new.
package final class AlarmDesk: HealthSource {
    /// More parts than any alarm looks back over, of several cameras.
    private static let recalledParts = 5000
    private static let fileName = "alarms.json"

    /// What is on the disk: by camera.
    struct Document: Codable, Equatable {
        struct Camera: Codable, Equatable {
            var alarms: [AlarmWatch.Alarm]
            /// Verdicts up to this number count no more.
            var acknowledged: UInt64
        }

        var cameras: [String: Camera]
    }

    private struct State {
        var watches: [String: AlarmWatch] = [:]
        /// Of the newest verdict, by camera.
        var newest: [String: UInt64] = [:]
        var acknowledged: [String: UInt64] = [:]
        /// Raised, and not in the event journal yet.
        var news: [(camera: String, alarm: AlarmWatch.Alarm)] = []
        /// Cameras whose input said that alarms were seen.
        var seen: [String] = []
    }

    private let settings: Configuration.Alarm
    private let path: String
    private let documents: StateDocuments
    private let state: Mutex<State>
    /// What is on the disk; held while it is written.
    private let written = Mutex<Document?>(nil)

    /// Reads which alarms there were before the start, and counts on behind the newest verdicts.
    package init(
        _ settings: Configuration.Alarm, cameras: [String], stateDirectory: String, verdicts: any VerdictSource,
        logger: Logger
    ) {
        self.settings = settings
        path = "\(stateDirectory)/\(Self.fileName)"
        documents = StateDocuments()
        var state = State()
        let now = ContinuousClock.now
        do {
            let document = try documents.read(Document.self, from: path)
            for (camera, known) in document?.cameras ?? [:] {
                state.watches[camera] = AlarmWatch(settings, alarms: known.alarms, now: now)
                state.acknowledged[camera] = known.acknowledged
            }
        } catch {
            logger.error("which alarms there were cannot be read", metadata: ["error": "\(error)"])
            let lost = AlarmWatch.Alarm(
                kind: .stateUnreadable, reason: PrintableText.line("\(error)", atMost: 200), since: WallTime.now.rfc3339
            )
            for camera in cameras {
                state.watches[camera] = AlarmWatch(settings, alarms: [lost], now: now)
                state.news.append((camera, lost))
            }
        }
        for camera in cameras where state.watches[camera] == nil {
            state.watches[camera] = AlarmWatch(settings, now: now)
        }
        Self.recall(verdicts, into: &state, logger)
        self.state = Mutex(state)
    }

    private static func recall(_ verdicts: any VerdictSource, into state: inout State, _ logger: Logger) {
        do {
            for line in try verdicts.lines(before: verdicts.lastSequence + 1, count: recalledParts) {
                let record = try ControlCoding.decode(InspectionRecord.self, from: line.bytes)
                state.newest[record.camera] = record.seq
                guard record.seq > state.acknowledged[record.camera] ?? 0 else { continue }
                state.watches[record.camera]?.count(record.verdict, cause: record.cause)
            }
        } catch {
            logger.warning("alarms count from the start on", metadata: ["error": "\(error)"])
        }
        for camera in state.watches.keys.sorted() {
            for alarm in state.watches[camera]?.raise(.now) ?? [] { state.news.append((camera, alarm)) }
        }
    }

    // MARK: For the line

    package func note(_ record: InspectionRecord) {
        state.withLock { state in
            // Without a line in the journal it has no number.
            if record.seq > 0 { state.newest[record.camera] = record.seq }
            let raised = state.watches[record.camera, default: AlarmWatch(settings, now: .now)]
                .note(record.verdict, cause: record.cause, at: .now, .now)
            for alarm in raised { state.news.append((record.camera, alarm)) }
        }
    }

    /// For the outputs of a camera.
    package func isStopped(_ camera: String) -> Bool { state.withLock { $0.watches[camera]?.stops ?? false } }

    func hasAlarm(_ camera: String) -> Bool { state.withLock { $0.watches[camera]?.alarms.isEmpty == false } }

    /// The camera's input `acknowledge` had an edge.
    func noteSeen(_ camera: String) { state.withLock { $0.seen.append(camera) } }

    // MARK: For others

    package var alarms: [AlarmReply] {
        state.withLock { state in
            state.watches.sorted { $0.key < $1.key }.flatMap { camera, watch in
                watch.alarms.map {
                    AlarmReply(camera: camera, kind: $0.kind, reason: $0.reason, since: $0.since, stops: watch.stops)
                }
            }
        }
    }

    package var findings: [Finding] {
        alarms.map { alarm in
            Finding(
                warning: "alarm \(alarm.camera)",
                "\(alarm.reason)\(alarm.stops ? ", ready is inactive" : ""): `fsacctl alarm acknowledge` once its cause is gone"
            )
        }
    }

    // MARK: What waits for the disk

    /// From here on what is an alarm now is none, also after a restart.
    ///
    /// - Parameter camera: nil = of all.
    /// - Throws: when that cannot be written: the alarms stay.
    func acknowledge(_ camera: String?) throws {
        try written.withLock { written in
            let seen = state.withLock { state in
                state.watches.filter { camera ?? $0.key == $0.key }.mapValues { ($0.alarms) }
            }
            var document = state.withLock { Self.document($0) }
            for name in seen.keys {
                document.cameras[name] = .init(alarms: [], acknowledged: state.withLock { $0.newest[name] ?? 0 })
            }
            try documents.write(document, to: path)
            written = document
            state.withLock { state in
                for (name, alarms) in seen {
                    state.watches[name]?.acknowledge(alarms, at: .now)
                    state.acknowledged[name] = document.cameras[name]?.acknowledged
                }
            }
        }
    }

    /// Alarms that are due by the time, and what is to be written of all that is new.
    func look() -> (news: [(camera: String, alarm: AlarmWatch.Alarm)], seen: [String]) {
        state.withLock { state in
            for camera in state.watches.keys.sorted() {
                for alarm in state.watches[camera]?.look(at: .now, .now) ?? [] { state.news.append((camera, alarm)) }
            }
            defer { (state.news, state.seen) = ([], []) }
            return (state.news, state.seen)
        }
    }

    /// Writes the alarms that there are, if they are others than were written.
    func save() throws {
        try written.withLock { written in
            let document = state.withLock { Self.document($0) }
            guard document != written, !document.cameras.isEmpty || written != nil else { return }
            try documents.write(document, to: path)
            written = document
        }
    }

    /// Cameras of which there is nothing to say are left out.
    private static func document(_ state: State) -> Document {
        var document = Document(cameras: [:])
        for (camera, watch) in state.watches {
            let acknowledged = state.acknowledged[camera] ?? 0
            guard !watch.alarms.isEmpty || acknowledged > 0 else { continue }
            document.cameras[camera] = .init(alarms: watch.alarms, acknowledged: acknowledged)
        }
        return document
    }

    /// The camera that is meant; nil = all.
    ///
    /// - Throws: for one that there is not.
    func camera(_ name: String?) throws(UnknownCamera) -> String? {
        let known = state.withLock { $0.watches.keys.sorted() }
        if let name, !known.contains(name) { throw UnknownCamera(name: name, known: known) }
        return name
    }

    struct UnknownCamera: Error {
        let name: String
        let known: [String]
    }
}
