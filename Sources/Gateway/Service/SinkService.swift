import ControlClient
import ControlProtocol
import Platform
import Synchronization

/// The sinks at work: each has a thread to its receiver and one a journal to the daemon; one more follows the state of the line.
final class SinkService: Sendable {
    /// Before the line is said to be not known: a busy computer is no dead line.
    private static let patience = Duration.seconds(2)
    /// Between two looks at the state of the line.
    static let period = Duration.milliseconds(500)
    /// In which a sink's loop has to have moved: longer than the system tries to reach a host that does not answer.
    private static let loopPatience = Duration.seconds(180)
    private static let reportPeriod = Duration.seconds(5)
    private static let farewell = Duration.seconds(2)
    private static let statisticsPeriod = Duration.seconds(60)

    private struct Told {
        var report: [SinkReport] = []
        var at: ContinuousClock.Instant?
        var state: StationState?
        var known = ContinuousClock.now
    }

    private let client: DaemonClient
    private let station: String
    private let files: SinkFiles
    private let loops: [SinkLoop]
    /// Sinks whose place cannot be read: the others go on.
    private let failed: [SinkReport]
    private let view = Mutex(StationView())
    private let told = Mutex(Told())
    /// Of each loop.
    private let movements: Mutex<[LoopMovement]>

    init(_ sinks: [SinkSettings], station: String, client: DaemonClient, stateDirectory: String) throws {
        try Disk().createFolderForGood(stateDirectory)
        let files = SinkFiles(directory: stateDirectory)
        (self.client, self.station, self.files) = (client, station, files)
        var (loops, failed) = ([SinkLoop](), [SinkReport]())
        for sink in sinks {
            do {
                for path in sink.secretFiles { _ = try SecretFile.read(path) }
                loops.append(SinkLoop(sink, station: station, cursor: try files.cursor(of: sink.name), files: files))
            } catch {
                let reason = ErrorWords.of(error)
                GatewayLog.say(.error, "sink \(sink.name): failed: \(reason)")
                failed.append(
                    SinkReport(
                        name: sink.name, kind: sink.kind.rawValue, receiver: sink.address, state: .failed,
                        reason: reason, delivered: nil, behind: 0))
            }
        }
        movements = Mutex(loops.map { _ in LoopMovement(within: Self.loopPatience) })
        (self.loops, self.failed) = (loops, failed)
    }

    func start() {
        for loop in loops {
            start(loop)
            for kind in loop.course.read(\.kinds) { SinkFeed(client: client, kind: kind, loop: loop).start() }
        }
        if loops.contains(where: { $0.settings.kind == .mqtt }) {
            NamedThread.start("fsac-count") { [self] in
                while true {
                    MonotonicTime.sleep(tellStatistics() ? Self.statisticsPeriod : Self.reportPeriod)
                }
            }
        }
        NamedThread.start("fsac-station") { [self] in
            while true {
                follow()
                MonotonicTime.sleep(.milliseconds(250))
            }
        }
    }

    private func start(_ loop: SinkLoop) {
        let name = loop.settings.name
        switch loop.settings.receiver {
        case .mqtt(let broker):
            if !broker.address.usesTLS, !broker.user.isEmpty {
                GatewayLog.say(.warning, "sink \(name): user and password travel for everybody to read: use mqtts://")
            }
            loop.start { [station, client] in
                MQTTLink(broker, name: name, station: station, clerk: CommandClerk(client, wake: loop.wake))
            }
        case .webhook(let webhook): loop.start { WebhookLink(webhook) }
        case .exec(let command): loop.start { ExecLink(command) }
        }
    }

    /// What was counted of the shift, for whoever draws it.
    ///
    /// - Returns: false = there is nothing to tell.
    private func tellStatistics() -> Bool {
        do {
            var payload: [UInt8] = []
            try client.follow(ControlPath.statistics, query: ["shift": "current"]) { _, line in payload = line }
            let brokers = loops.filter { $0.settings.kind == .mqtt }
            for loop in brokers {
                loop.course.withLock { [payload] in $0.tell(statistics: payload) }
                loop.wake.wake()
            }
            return true
        } catch {
            // Why fsacd does not answer say the feeds, and that it has no index its own status.
            return false
        }
    }

    private func follow() {
        view.withLock { $0.begin() }
        // Why it does not answer say the feeds.
        try? client.events(["last": "0", "heartbeat_ms": "\(StationView.heartbeatMilliseconds)"]) { event in
            view.withLock { _ = $0.take(event, at: .now) }
        }
        view.withLock { $0.end() }
    }

    /// Tells brokers how the line is, and everybody how the sinks are. Called each ``period``.
    func look() {
        tellState()
        let reports = report
        let now = ContinuousClock.now
        let isDue = told.withLock { told in
            guard told.report != reports.sinks || told.at.map({ now - $0 >= Self.reportPeriod }) ?? true else {
                return false
            }
            (told.report, told.at) = (reports.sinks, now)
            return true
        }
        guard isDue else { return }
        do {
            try files.tell(reports)
        } catch {
            GatewayLog.say(.warning, "sinks: how they do cannot be written: \(ErrorWords.of(error))")
        }
    }

    private func tellState() {
        let (isKnown, status, last) = view.withLock { ($0.isKnown(at: .now), $0.status, $0.lastSequence) }
        let state = told.withLock { told -> StationState? in
            if isKnown { told.known = .now } else if .now - told.known < Self.patience { return nil }
            let state = StationState(isKnown ? status : nil, station: station, lastSequence: last)
            guard state.comparable != told.state?.comparable else { return nil }
            told.state = state
            return state
        }
        guard let state else { return }
        do {
            let payload = [UInt8](try ControlCoding.encode(state))
            for loop in loops where loop.settings.kind == .mqtt {
                loop.course.withLock { $0.tell(payload) }
                loop.wake.wake()
            }
        } catch {
            GatewayLog.say(.error, "sinks: the state cannot be told: \(ErrorWords.of(error))")
        }
    }

    var report: SinksReport {
        SinksReport(time: WallTime.now.rfc3339, sinks: loops.map { $0.course.read(\.report) } + failed)
    }

    /// Whether every sink's loop moves.
    var isMoving: Bool {
        // Each is looked at, also behind one that stands still.
        movements.withLock { movements in
            loops.indices.map { movements[$0].goesOn(loops[$0].turns.load(ordering: .relaxed)) }.allSatisfy { $0 }
        }
    }

    /// Tells the receivers that it is an end and keeps every place, as far as time allows.
    func stop() {
        for loop in loops { loop.stop() }
        let end = ContinuousClock.now + Self.farewell
        for loop in loops { _ = loop.waitForEnd(within: max(.zero, end - .now)) }
        // Nobody does anything any more.
        try? files.tell(SinksReport(time: WallTime.now.rfc3339, sinks: []))
    }
}
