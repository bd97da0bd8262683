import ControlClient
import Synchronization

/// The remote I/O modules at work.
final class ModuleService: Sendable {
    private let drivers: [ModuleDriver]
    /// Of each driver's look at the inputs.
    private let movements: Mutex<[LoopMovement]>

    init(_ modules: [ModuleSettings], client: DaemonClient) {
        drivers = modules.map { ModuleDriver($0, client: client) }
        movements = Mutex(modules.map { _ in LoopMovement(within: .seconds(5)) })
    }

    func start() {
        for driver in drivers { driver.start() }
    }

    /// For people.
    var lines: [String] { drivers.map(\.line) }

    var isMoving: Bool {
        movements.withLock { movements in
            drivers.indices.map { movements[$0].goesOn(drivers[$0].turns.load(ordering: .relaxed)) }.allSatisfy { $0 }
        }
    }
}
