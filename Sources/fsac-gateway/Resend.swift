import ArgumentParser
import Gateway
import Platform

/// `--resend SINK`: what was put aside, oldest first, with the keys that it had; what is taken then is removed.
enum Resend {
    static func run(_ name: String, _ settings: GatewaySettings) throws {
        guard let sink = settings.sinks.first(where: { $0.name == name }), case .webhook(let webhook) = sink.receiver
        else {
            print("no [[sink]] named \(name) with kind = \"webhook\" is configured")
            throw ExitCode(64)
        }
        let aside = try SinkFiles(directory: settings.stateDirectory).aside(of: name)
        guard !aside.isEmpty else { return print("\(name): nothing was put aside") }
        for (index, (batch, path)) in aside.enumerated() {
            switch WebhookRequest(webhook).post(batch) {
            case .accepted:
                try Disk().removeForGood(path)
                print("\(batch.key): taken")
            case .again(let words, _), .refused(let words):
                print("\(batch.key): \(PrintableText.line(words)): \(aside.count - index) files are left")
                throw ExitCode.failure
            }
        }
    }
}
