import ArgumentParser
import Gateway
import Platform

/// `--try-watchdog MODULE --output N`: what becomes of an output when nobody speaks with the module.
enum TryWatchdog {
    static func run(_ name: String, output: Int?, _ settings: GatewaySettings) throws {
        guard let module = settings.modules.first(where: { $0.name == name }) else {
            print("no [[module]] named \(name) is configured")
            throw ExitCode(64)
        }
        guard let output, (0...255).contains(output) else {
            print(
                "expected --output N, an output from 0 to 255 that may be active for a second and where nobody is hurt")
            throw ExitCode(64)
        }
        let outcome: WatchdogTrial.Outcome
        do throws(DeviceError) {
            outcome = try WatchdogTrial(module, output: output).run()
        } catch {
            print("\(name): \(error)")
            throw ExitCode.failure
        }
        switch outcome {
        case .off(let silence):
            print(
                "\(name): output \(output) was off after \(Int(silence / .milliseconds(1))) ms of silence: its watchdog works"
            )
        case .on(let silence):
            print(
                "\(name): output \(output) was still on after \(Int(silence / .milliseconds(1))) ms of silence: set the module's "
                    + "communication watchdog to 1 s or less, and outputs to off")
            throw ExitCode.failure
        }
    }
}
