import CSystemd
import ControlClient
import Glibc
import Platform

/// The gateway at work: what the configuration names of it.
package final class Gateway: Sendable {
    private let modbus: ModbusService?
    private let modules: ModuleService
    private let sinks: SinkService?

    /// Reads what was kept on the disk.
    package init(_ settings: GatewaySettings) throws {
        let (client, directory) = (DaemonClient(socket: settings.controlSocket), settings.stateDirectory)
        modbus = try settings.modbus.map { try ModbusService($0, client: client, stateDirectory: directory) }
        modules = ModuleService(settings.modules, client: client)
        sinks =
            settings.sinks.isEmpty
            ? nil
            : try SinkService(settings.sinks, station: settings.station, client: client, stateDirectory: directory)
    }

    /// Serves until a signal ends it.
    package func run() throws {
        Signals.trap(SIGTERM, SIGINT)
        // A connection that is gone is an error of the call that writes.
        signal(SIGPIPE, SIG_IGN)
        try modbus?.start()
        modules.start()
        sinks?.start()
        NamedThread.start("fsac-watch") { [self] in watch() }
        _ = sd_notify(0, "READY=1")
        _ = Signals.next()
        _ = sd_notify(0, "STOPPING=1")
        sinks?.stop()
    }

    /// Tells systemd that the loops move, and in a line what is going on.
    private func watch() {
        var shown = ""
        while true {
            sinks?.look()
            modbus?.look()
            if modbus?.isMoving ?? true, modules.isMoving, sinks?.isMoving ?? true { _ = sd_notify(0, "WATCHDOG=1") }
            let text =
                ([modbus?.line].compactMap(\.self) + modules.lines + (sinks.map { ["sinks: \($0.report.line)"] } ?? []))
                .joined(separator: "; ")
            if text != shown { _ = sd_notify(0, "STATUS=\(text)") }
            shown = text
            MonotonicTime.sleep(SinkService.period)
        }
    }
}
