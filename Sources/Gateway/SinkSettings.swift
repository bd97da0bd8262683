package import ControlProtocol
import Platform
package import TOML

/// A `[[sink]]`: whom lines of the journal go to.
package struct SinkSettings: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case mqtt
    }

    /// Where a sink begins that has never delivered anything.
    package enum Start: String, Sendable, CaseIterable {
        /// Behind the newest line.
        case now
        /// With the oldest line that the journal has.
        case start
    }

    package var name = ""
    package var kind = Kind.mqtt
    package var from = Start.now
    /// Lines with other verdicts are passed over.
    package var verdicts = Verdict.allCases
    /// Whether lines of the event journal go there, too.
    package var events = true
    package var broker = BrokerAddress(host: "", port: 0, usesTLS: false)
    /// Empty = none is said.
    package var user = ""
    /// Empty = none.
    package var passwordFile = ""
    /// Certificates that the broker's is to be signed by; empty = those of the system.
    package var ca = ""

    package init() {}

    /// For people.
    package var receiver: String { broker.description }
}

extension SinkSettings: NamedTable {
    package enum Key: String, CodingKey, CaseIterable {
        case name, kind, from, verdicts, events, url, user, ca
        case passwordFile = "password_file"
    }

    package init(_ table: ConfigurationTable<Key>) throws(ConfigurationError) {
        try table.readName(.name, into: &name)
        guard !name.isEmpty else {
            throw .contradiction(
                table.place(.name), remedy: "is missing: the sink's place in the journal is kept by it")
        }
        guard table.table[Key.kind.stringValue] != nil else {
            throw .contradiction(table.place(.kind), remedy: "is missing: say kind = \"mqtt\"")
        }
        try table.read(.kind, into: &kind)
        try table.read(.from, into: &from)
        var words = verdicts.map(\.rawValue)
        try table.read(.verdicts, into: &words, expected: "\"OK\", \"NG\" or \"INVALID\"") {
            Verdict(rawValue: $0) != nil
        }
        verdicts = Verdict.allCases.filter { words.contains($0.rawValue) }
        guard !verdicts.isEmpty else {
            throw .contradiction(
                table.place(.verdicts), remedy: "is empty, so nothing would be sent: leave it out for all")
        }
        try table.read(.events, into: &events)
        try readBroker(table)
    }

    private mutating func readBroker(_ table: ConfigurationTable<Key>) throws(ConfigurationError) {
        var url = ""
        try table.read(
            .url, into: &url,
            expected: "\"mqtt://HOST:PORT\" or \"mqtts://HOST:PORT\", without a user (user, password_file) and a path"
        ) { BrokerAddress($0) != nil }
        guard let address = BrokerAddress(url) else {
            throw .contradiction(
                table.place(.url), remedy: "is missing: name the broker, as in \"mqtts://broker:8883\"")
        }
        broker = address
        try table.read(.user, into: &user, expected: "a name of 1 to 256 bytes") { (1...256).contains($0.utf8.count) }
        try table.readPath(.passwordFile, into: &passwordFile)
        try table.readPath(.ca, into: &ca)
        if !passwordFile.isEmpty, user.isEmpty {
            throw .contradiction(table.place(.passwordFile), remedy: "is a password of nobody: set user, too")
        }
        if !ca.isEmpty, !broker.usesTLS {
            throw .contradiction(table.place(.ca), remedy: "is for mqtts:// only: url is without TLS")
        }
    }
}

/// Where a broker listens.
package struct BrokerAddress: Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let port: Int
    package let usesTLS: Bool

    init(host: String, port: Int, usesTLS: Bool) {
        (self.host, self.port, self.usesTLS) = (host, port, usesTLS)
    }

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
        self.init(host: String(rest), port: port, usesTLS: scheme.usesTLS)
    }
}
