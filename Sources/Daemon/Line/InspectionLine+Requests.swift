package import ControlProtocol
package import Core
import Logging
import Platform
import Settings
import Synchronization

extension InspectionLine {
    /// Longest wait for the next shot.
    private static let shotPatience = Duration.seconds(20)

    /// Inspects the first frame that is exposed after now; returns when its verdict is in the journal.
    ///
    /// - Parameters:
    ///   - camera: nil = the only one with `trigger = "software"`.
    ///   - part: the serial number, 1 to 128 printable characters.
    ///   - id: the client's own number of the trigger, for the journal line.
    /// - Throws: when nothing will be inspected. Once accepted, a trigger is always answered: INVALID without a camera,
    ///   or when no frame came or its inspection did not begin by the camera's deadline.
    package func trigger(
        camera: String?, part: String?, id: UInt32? = nil
    ) async throws(TriggerRefusal) -> TriggerReply {
        // First of all: what this takes itself must not let an older frame pass for the part's.
        let (triggeredAt, triggeredTime) = (ContinuousClock.now, WallTime.now)
        // Each turn a new ticket; the deadline stays that of the first.
        while true {
            let lane = try triggeredLane(camera, part: part)
            let deadline = triggeredAt + lane.setup.triggerDeadline
            do throws(TriggerRefusal) {
                return try await reply(in: lane) { recipe, answer in
                    TriggerTicket(
                        part: part, id: id, recipe: recipe, triggeredAt: triggeredAt, triggeredTime: triggeredTime,
                        deadline: deadline, answer: answer)
                }
            } catch {
                // A reload starts the camera anew: the part is inspected when it is back.
                let isOver = Task.isCancelled || isStopping
                guard error == .stopping, .now < deadline, !isOver else { throw error }
                await Self.pause()
            }
        }
    }

    private func reply(
        in lane: CameraLane, _ ticket: (LineRecipe, @escaping @Sendable (TriggerReply) -> Void) -> TriggerTicket
    ) async throws(TriggerRefusal) -> TriggerReply {
        // Not cancelled with the client: a part that was announced gets its verdict, whoever still listens.
        let outcome = await withCheckedContinuation { continuation in
            var ticket = ticket(lane.capture.recipe) {
                continuation.resume(returning: Result<TriggerReply, TriggerRefusal>.success($0))
            }
            let desk = desks[lane.setup.name]
            ticket.number = desk?.announce(at: ticket.triggeredAt)
            do throws(TriggerRefusal) {
                try queue.trigger(ticket, in: lane.id)
            } catch {
                if let number = ticket.number { desk?.withdraw(number) }
                continuation.resume(returning: .failure(error))
            }
        }
        return try outcome.get()
    }

    package func triggeredCamera(_ camera: String?, part: String?) throws(TriggerRefusal) -> String {
        try triggeredLane(camera, part: part).setup.name
    }

    private static func pause() async {
        // Only cancellation ends it early, and the deadline what follows.
        try? await Task.sleep(for: .milliseconds(10))
    }

    /// The next pictures of a camera, beside their inspection.
    /// Takes frames exposed after now; those of before may show another part.
    ///
    /// - Parameters:
    ///   - camera: nil = the only one.
    ///   - take: gets each picture as it comes; those that come meanwhile wait.
    /// - Throws: ``TriggerRefusal``; what `take` throws; `CancellationError`.
    package func nextPictures(
        _ count: Int, of camera: String?, _ take: (Picture) async throws -> Void
    ) async throws {
        let lane = try lane(named: camera)
        let request = ShotRequest(count, camera: lane.setup.name)
        lane.capture.take(request)
        // Whoever reads no further wants no more.
        defer { request.fail("nobody waits for them") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Self.watch(request) }
            for try await picture in request.pictures { try await take(picture) }
            try Task.checkCancellation()
            group.cancelAll()
        }
    }

    /// Ends a request that no picture comes for.
    private static func watch(_ request: ShotRequest) async throws {
        while case let missing = request.missingCount, missing > 0 {
            try await Task.sleep(for: shotPatience)
            if request.missingCount == missing {
                request.fail("no undamaged frame came within \(shotPatience / .seconds(1)) s")
            }
        }
    }

    package func cameraName(_ camera: String?) throws(TriggerRefusal) -> String {
        try lane(named: camera).setup.name
    }

    package func keepBacklog(of camera: String) throws {
        try lane(named: camera).capture.keepBacklog()
    }

    /// Uses another recipe from the next frame or trigger on.
    package func use(_ recipe: LineRecipe, for camera: String) throws(TriggerRefusal) {
        // The capture thread stamps parts with it: what waits in the queue keeps the recipe that it came with.
        try lane(named: camera).capture.recipe = recipe
        logger.notice("recipe in use", metadata: ["camera": "\(camera)", "recipe": "\(recipe.name)"])
    }

    /// Makes the cameras those of a new configuration: one whose settings changed is stopped and started again, one that
    /// is gone drains first, the others go on with the recipe given.
    ///
    /// - Parameter setups: asked again until nobody changed a camera's recipe in the meantime: an operator's choice, which
    ///   is remembered before it is used, is never undone.
    /// - Returns: what was done, a sentence each.
    package func apply(_ setups: @Sendable () -> [CameraSetup]) async -> [String] {
        let done = await apply(setups())
        // Stopping a camera takes time, in which an operator may choose; what was chosen is asked for again.
        while case let wanted = setups(), !uses(wanted) { _ = await apply(wanted) }
        return done
    }

    private func uses(_ setups: [CameraSetup]) -> Bool {
        cameras.withLock(\.lanes).allSatisfy { lane in
            setups.allSatisfy { $0.name != lane.setup.name || $0.recipe.name == lane.capture.recipe.name }
        }
    }

    /// As above, once.
    package func apply(_ setups: [CameraSetup]) async -> [String] {
        var done: [String] = []
        let old = cameras.withLock(\.lanes)
        for lane in old where !setups.contains(where: { $0.name == lane.setup.name }) {
            // A thread of its own: this waits for the driver, and on a pool of two threads everything would.
            await NamedThread.run("fsac-stop") { lane.stop() }
            // Only now: as long as it drains, it is shown and counted.
            cameras.withLock { $0.lanes.removeAll { $0.id == lane.id } }
            done.append("camera \(lane.setup.name) removed")
        }
        for setup in setups {
            guard let lane = old.first(where: { $0.setup.name == setup.name }) else {
                open(setup)
                done.append("camera \(setup.name) added")
                continue
            }
            // Before it is stopped: what it still takes is of the new configuration.
            lane.capture.recipe = setup.recipe
            guard lane.setup.configuration != setup.configuration else { continue }
            await NamedThread.run("fsac-stop") { lane.stop() }
            open(setup)
            done.append("camera \(setup.name) started with its new settings")
        }
        let names = setups.map(\.name)
        cameras.withLock { cameras in
            cameras.lanes.sort { names.firstIndex(of: $0.setup.name) ?? 0 < names.firstIndex(of: $1.setup.name) ?? 0 }
        }
        return done
    }

    private func lane(named name: String?) throws(TriggerRefusal) -> CameraLane {
        let lanes = cameras.withLock(\.lanes)
        guard let name else {
            guard let lane = lanes.first, lanes.count == 1 else { throw .severalCameras(lanes.map(\.setup.name)) }
            return lane
        }
        guard let lane = lanes.first(where: { $0.setup.name == name }) else {
            throw .noSuchCamera(name, known: lanes.map(\.setup.name))
        }
        return lane
    }

    private func triggeredLane(_ name: String?, part: String?) throws(TriggerRefusal) -> CameraLane {
        guard part.map(Self.isSerial) ?? true else { throw .badSerial }
        let triggered = cameras.withLock(\.lanes).filter { $0.setup.configuration.trigger == .software }
        // Others may run free: one that can be triggered is the one that is meant.
        if name == nil, let lane = triggered.first, triggered.count == 1 { return lane }
        let lane = try lane(named: name)
        let trigger = lane.setup.configuration.trigger
        guard trigger == .software else {
            throw .notTriggered(camera: lane.setup.name, trigger: trigger.rawValue)
        }
        return lane
    }

    static func isSerial(_ text: String) -> Bool {
        (1...128).contains(text.count)
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            }
    }
}
