package import Platform
import TOML

extension Configuration {
    /// What the place is called that this computer inspects at. Read at the start only.
    package struct Station: Codable, Sendable, Equatable {
        /// Empty = the computer's name.
        package var name = ""

        package enum CodingKeys: String, CodingKey, CaseIterable { case name }

        /// What it is called; the computer's own name may be any text.
        package var title: String { name.isEmpty ? HostName.text : name }
    }

    /// What can be done from the operator's page.
    package enum PageAction: String, Codable, Sendable, CaseIterable {
        /// Alarms of parts, and of the output lines' camera.
        case acknowledge
        /// Say what a part is.
        case judge
        /// Which lot a camera's next parts are of.
        case lot
        /// By which of the recipes that there are a camera inspects.
        case recipe
        /// Have a camera with `trigger = "software"` inspect a part.
        case trigger
    }

    /// The operator's page. Read at the start only.
    package struct Page: Codable, Sendable, Equatable {
        /// Address and port; empty = only at the socket that systemd passes, if it passes one.
        package var listen = ""
        /// Names, besides those of this computer's loopback interface, by which browsers may ask for the page.
        package var hosts: [String] = []
        /// What can be done from it, at a place of its own; ``PageAction``.
        package var actions: [String] = []
        /// Of that place, on the loopback interface; empty = only at the socket that systemd passes, if it passes one.
        package var actionsListen = ""
        /// That whoever acts has to know, as text of a ``PINHash``; empty = none.
        package var pin = ""

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case listen, hosts, actions, pin
            case actionsListen = "actions_listen"
        }

        /// Nil = nowhere.
        package var address: ListenAddress? { ListenAddress(listen) }
        /// Nil = nowhere.
        package var actionsAddress: ListenAddress? { ListenAddress(actionsListen) }
        package var pinHash: PINHash? { PINHash(text: pin) }
        package var allowed: [PageAction] { PageAction.allCases.filter { actions.contains($0.rawValue) } }
    }
}

extension Configuration.Station {
    mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.name, into: &name, expected: "\(PlainName.rule), or \"\"") {
            $0.isEmpty || PlainName.isValid($0)
        }
    }
}

extension Configuration.Page {
    mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.listen, into: &listen, expected: "an address and a port, as in \"127.0.0.1:8744\", or \"\"") {
            $0.isEmpty || ListenAddress($0) != nil
        }
        let actions = Configuration.PageAction.allCases.map(\.rawValue)
        try table.read(
            .actions, into: &self.actions,
            expected: "some of " + actions.map { "\"\($0)\"" }.joined(separator: ", "), where: actions.contains)
        try table.read(
            .actionsListen, into: &actionsListen,
            expected: "an address of the loopback interface and a port, as in \"127.0.0.1:8745\", or \"\""
        ) { $0.isEmpty || ListenAddress($0)?.isLoopback == true }
        try table.read(.pin, into: &pin, expected: "what `fsacctl page-pin` prints, or \"\"") {
            $0.isEmpty || PINHash(text: $0) != nil
        }
        try table.read(
            .hosts, into: &hosts,
            expected: "names or addresses of this computer without a port, as in \"press-4.plant\""
        ) { name in
            (1...253).contains(name.utf8.count)
                && name.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || "-._:[]".utf8.contains(byte)
                }
        }
    }
}

extension ListenAddress {
    /// Whether only this computer reaches it.
    fileprivate var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }
}
