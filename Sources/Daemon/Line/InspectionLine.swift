import ControlProtocol
import Core
package import Logging
import Platform
import Settings
import Synchronization

/// What cameras, inspection and control share of the line: the lanes, the queue, counters and trends.
///
/// ``CaptureService`` runs the cameras, ``InspectionService`` inspects what they bring.
/// It has no thread of its own and is asked from all of them. `cameras` is locked for moments, never over a driver or a
/// disk; no lock is taken within another but the queue's within it, when a lane is opened.
package final class InspectionLine: Sendable {
    struct Cameras {
        /// `waiting` until the capture service runs: lanes are open, and take triggers, before their cameras are.
        enum Phase { case waiting, running, stopping }

        /// In the order of the configuration.
        var lanes: [CameraLane] = []
        /// Lanes, ever: their numbers.
        var opened: UInt64 = 0
        var phase = Phase.waiting
    }

    let journal: VerdictJournal
    let images: ImageStore
    /// Nil = no part is kept to teach a model by.
    let stream: PartStream?
    let storage: StorageWatch
    /// Nil where nobody looks for damage.
    let check: JournalCheck?
    /// What else the line's health depends on.
    let others: [any HealthSource]
    /// By the camera that the lines are of.
    package let desks: [String: OutputDesk]
    /// Nil where nobody is called.
    let alarms: AlarmDesk?
    /// Nil where there are no lots.
    let lots: LotDesk?
    let logger: Logger
    let queue = PartQueue()
    let cameras = Mutex(Cameras())
    let counters = Mutex(LineCounters())
    /// By the name of the recipe, since the start of the daemon.
    let trends = Mutex<[String: RecipeTrend]>([:])
    /// Of the inspection.
    let progress = LoopProgress()

    /// - Parameters:
    ///   - desks: of the cameras that have lines.
    ///   - others: have a part in the line's health beside what the line itself uses.
    package init(
        cameras: [CameraSetup], storage: StorageWatch, journal: VerdictJournal, check: JournalCheck? = nil,
        images: ImageStore, stream: PartStream? = nil, desks: [OutputDesk] = [], alarms: AlarmDesk? = nil,
        lots: LotDesk? = nil,
        others: [any HealthSource] = [],
        logger: Logger
    ) {
        self.journal = journal
        self.check = check
        self.images = images
        self.stream = stream
        self.storage = storage
        self.alarms = alarms
        self.lots = lots
        self.others = others + desks + [alarms].compactMap(\.self) + [lots].compactMap(\.self)
        self.desks = Dictionary(desks.map { ($0.io.camera, $0) }) { first, _ in first }
        self.logger = logger
        for setup in cameras { open(setup) }
        recallTrends()
    }

    var isStopping: Bool { cameras.withLock { $0.phase == .stopping } }

    /// Opens a camera's lane, in the place of one with its name; its thread starts with the others, or now.
    func open(_ setup: CameraSetup) {
        cameras.withLock { cameras in
            // A reload that runs into the shutdown starts nothing.
            guard cameras.phase != .stopping else { return }
            cameras.opened += 1
            let lane = CameraLane(
                setup, id: LaneID(cameras.opened), queue: queue, desk: desks[setup.name], logger: logger)
            cameras.lanes.removeAll { $0.setup.name == setup.name }
            cameras.lanes.append(lane)
            if cameras.phase == .running { lane.start() }
        }
    }
}
