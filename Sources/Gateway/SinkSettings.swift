package import ControlProtocol
import Platform
package import TOML

/// A `[[sink]]`: whom lines of the journal go to.
package struct SinkSettings: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case mqtt, webhook, exec
    }

    /// Where a sink begins that has never delivered anything.
    package enum Start: String, Sendable, CaseIterable {
        /// Behind the newest line.
        case now
        /// With the oldest line that the journal has.
        case start
    }

    /// What becomes of a line that the receiver refuses each time.
    package enum Refused: String, Sendable, CaseIterable {
        /// It is put aside, and the next one is sent.
        case skip
        /// The sink stays at it.
        case stop
    }

    package enum Receiver: Sendable, Equatable {
        case mqtt(BrokerSettings)
        case webhook(WebhookSettings)
        case exec(command: [String])
    }

    package var name: String
    package var receiver: Receiver
    package var from = Start.now
    /// Lines with other verdicts are passed over.
    package var verdicts = Verdict.allCases
    /// Whether lines of the event journal go there, too.
    package var events = false
    package var onRefused = Refused.stop

    package init(name: String, receiver: Receiver) {
        (self.name, self.receiver) = (name, receiver)
    }

    package var kind: Kind {
        switch receiver {
        case .mqtt: .mqtt
        case .webhook: .webhook
        case .exec: .exec
        }
    }

    /// For people.
    package var address: String {
        switch receiver {
        case .mqtt(let broker): broker.address.description
        case .webhook(let webhook): webhook.url
        case .exec(let command): command[0]
        }
    }

    /// Files of its own that others must not read.
    package var secretFiles: [String] {
        switch receiver {
        case .mqtt(let broker): [broker.passwordFile].filter { !$0.isEmpty }
        case .webhook(let webhook): [webhook.secretFile].filter { !$0.isEmpty }
        case .exec: []
        }
    }
}

package struct BrokerSettings: Sendable, Equatable {
    package var address: BrokerAddress
    /// Empty = none is said.
    package var user = ""
    /// Empty = none.
    package var passwordFile = ""
    /// Certificates that the broker's is to be signed by; empty = those of the system.
    package var ca = ""
    /// What clients of the broker may ask of the line.
    package var commands: [StationCommand.Kind] = []

    package init(address: BrokerAddress) { self.address = address }
}

package struct WebhookSettings: Sendable, Equatable {
    package var url: String
    /// Most lines of a request.
    package var batch = 50
    package var timeoutSeconds = 10
    /// Of the key by which requests are signed; empty = they are not.
    package var secretFile = ""
    /// As a broker's.
    package var ca = ""

    package init(url: String) { self.url = url }
}

extension SinkSettings: NamedTable {
    package enum Key: String, CodingKey, CaseIterable {
        case name, kind, from, verdicts, events, url, user, ca, batch, command, commands
        case passwordFile = "password_file"
        case secretFile = "secret_file"
        case timeoutSeconds = "timeout_s"
        case onRefused = "on_refused"

        /// Whose it is; the others are everybody's.
        var kinds: [Kind] {
            switch self {
            case .name, .kind, .from, .verdicts: Kind.allCases
            case .events, .user, .passwordFile, .commands: [.mqtt]
            case .url, .ca: [.mqtt, .webhook]
            case .batch, .timeoutSeconds, .secretFile, .onRefused: [.webhook]
            case .command: [.exec]
            }
        }
    }

    package init(_ table: ConfigurationTable<Key>) throws(ConfigurationError) {
        var (name, kind) = ("", Kind.mqtt)
        try table.readName(.name, into: &name)
        guard !name.isEmpty else {
            throw .contradiction(
                table.place(.name), remedy: "is missing: the sink's place in the journal is kept by it")
        }
        guard table.table[Key.kind.stringValue] != nil else {
            throw .contradiction(table.place(.kind), remedy: "is missing: say \"mqtt\", \"webhook\" or \"exec\"")
        }
        try table.read(.kind, into: &kind)
        for key in Key.allCases where !key.kinds.contains(kind) && table.table[key.stringValue] != nil {
            let kinds = key.kinds.map { "kind = \"\($0.rawValue)\"" }.joined(separator: " and ")
            throw .contradiction(table.place(key), remedy: "is for \(kinds), this one is \"\(kind.rawValue)\"")
        }
        switch kind {
        case .mqtt: self.init(name: name, receiver: .mqtt(try BrokerSettings(table)))
        case .webhook: self.init(name: name, receiver: .webhook(try WebhookSettings(table)))
        case .exec: self.init(name: name, receiver: .exec(command: try Self.command(table)))
        }
        (events, onRefused) = (kind == .mqtt, kind == .webhook ? .skip : .stop)
        try table.read(.from, into: &from)
        try table.read(.events, into: &events)
        try table.read(.onRefused, into: &onRefused)
        try readVerdicts(table)
    }

    private mutating func readVerdicts(_ table: ConfigurationTable<Key>) throws(ConfigurationError) {
        var words = verdicts.map(\.rawValue)
        try table.read(.verdicts, into: &words, expected: "\"OK\", \"NG\" or \"INVALID\"") {
            Verdict(rawValue: $0) != nil
        }
        verdicts = Verdict.allCases.filter { words.contains($0.rawValue) }
        guard !verdicts.isEmpty else {
            throw .contradiction(
                table.place(.verdicts), remedy: "is empty, so nothing would be sent: leave it out for all")
        }
    }

    private static func command(_ table: ConfigurationTable<Key>) throws(ConfigurationError) -> [String] {
        var command: [String] = []
        try table.read(.command, into: &command, expected: "a program and its arguments, texts without a zero") {
            !$0.utf8.contains(0)
        }
        guard command.first?.hasPrefix("/") == true else {
            throw .contradiction(
                table.place(.command),
                remedy: "expected a program by its absolute path, as in command = [\"/usr/local/bin/lamp\"]")
        }
        return command
    }
}

extension BrokerSettings {
    init(_ table: ConfigurationTable<SinkSettings.Key>) throws(ConfigurationError) {
        var url = ""
        try table.read(
            .url, into: &url,
            expected: "\"mqtt://HOST:PORT\" or \"mqtts://HOST:PORT\", without a user (user, password_file) and a path"
        ) { BrokerAddress($0) != nil }
        guard let address = BrokerAddress(url) else {
            throw .contradiction(
                table.place(.url), remedy: "is missing: name the broker, as in \"mqtts://broker:8883\"")
        }
        self.init(address: address)
        try table.read(.user, into: &user, expected: "a name of 1 to 256 bytes") { (1...256).contains($0.utf8.count) }
        try table.readPath(.passwordFile, into: &passwordFile)
        try table.readPath(.ca, into: &ca)
        try readCommands(table)
        if !passwordFile.isEmpty, user.isEmpty {
            throw .contradiction(table.place(.passwordFile), remedy: "is a password of nobody: set user, too")
        }
        if !ca.isEmpty, !address.usesTLS {
            throw .contradiction(table.place(.ca), remedy: "is for mqtts:// only: url is without TLS")
        }
    }
}

extension BrokerSettings {
    private mutating func readCommands(_ table: ConfigurationTable<SinkSettings.Key>) throws(ConfigurationError) {
        var words: [String] = []
        let known = StationCommand.Kind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        try table.read(.commands, into: &words, expected: known) { StationCommand.Kind(rawValue: $0) != nil }
        commands = StationCommand.Kind.allCases.filter { words.contains($0.rawValue) }
    }
}

extension WebhookSettings {
    init(_ table: ConfigurationTable<SinkSettings.Key>) throws(ConfigurationError) {
        var url = ""
        try table.read(
            .url, into: &url, expected: "\"https://HOST/PATH\" or \"http://HOST/PATH\", without a user and a space"
        ) { Self.isValid($0) }
        guard !url.isEmpty else {
            throw .contradiction(
                table.place(.url), remedy: "is missing: name the receiver, as in \"https://mes.plant/fsac\"")
        }
        self.init(url: url)
        try table.read(.batch, into: &batch, in: 1...200)
        try table.read(.timeoutSeconds, into: &timeoutSeconds, in: 1...120)
        try table.readPath(.secretFile, into: &secretFile)
        try table.readPath(.ca, into: &ca)
        if !ca.isEmpty, !url.hasPrefix("https://") {
            throw .contradiction(table.place(.ca), remedy: "is for https:// only: url is without TLS")
        }
    }

    /// Whether it is one for libcurl: a password in it would be in logs.
    private static func isValid(_ url: String) -> Bool {
        guard let prefix = ["https://", "http://"].first(where: { url.hasPrefix($0) }) else { return false }
        let rest = url.dropFirst(prefix.count)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        return !host.isEmpty && !host.contains("@") && url.utf8.count <= 2048
            && url.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// Where a broker listens.
package struct BrokerAddress: Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let port: Int
    package let usesTLS: Bool

    package var description: String {
        "\(usesTLS ? "mqtts" : "mqtt")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// `mqtt://broker`, `mqtts://broker:8883`, `mqtt://[fd00::5]:1883`; nil for anything else, also for a user or a path in it.
    package init?(_ url: String) {
        let scheme: (prefix: String, port: Int, usesTLS: Bool)? = [("mqtt://", 1883, false), ("mqtts://", 8883, true)]
            .first { url.hasPrefix($0.0) }
        guard let scheme else { return nil }
        var rest = url.dropFirst(scheme.prefix.count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var port = scheme.port
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else { return nil }
            port = Int(number)
            rest = rest[..<colon]
        }
        let isInBrackets = rest.hasPrefix("[") && rest.hasSuffix("]")
        if isInBrackets { rest = rest.dropFirst().dropLast() }
        let isHost = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || (isInBrackets ? ":." : "-._").utf8.contains(byte)
        }
        guard (1...253).contains(rest.utf8.count), rest.utf8.allSatisfy(isHost) else { return nil }
        (host, self.port, usesTLS) = (String(rest), port, scheme.usesTLS)
    }
}
