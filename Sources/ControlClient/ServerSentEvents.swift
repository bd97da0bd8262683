/// The events of a stream as browsers read them (the HTML standard, 9.2.6), of pieces that come in any sizes: a name, and one line of
/// data. Comments, numbers and what else a stream may have are passed over.
package struct ServerSentEvents {
    package struct Event: Equatable, Sendable {
        package var name: String
        package var data: [UInt8]
    }

    /// A line that is longer is none of the daemon's.
    private static let mostBytes = 4 << 20

    private var line: [UInt8] = []
    private var name = ""
    private var data: [UInt8] = []

    package init() {}

    /// - Returns: the events that are complete now; nil when this is no such stream.
    package mutating func take(_ piece: some Collection<UInt8>) -> [Event]? {
        var events: [Event] = []
        for byte in piece {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                guard line.count <= Self.mostBytes else { return nil }
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    /// An empty line ends an event.
    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer { (name, data) = ("", []) }
            return name.isEmpty ? nil : Event(name: name, data: data)
        }
        if let value = value(of: "event: ") {
            name = String(decoding: value, as: UTF8.self)
        } else if let value = value(of: "data: ") {
            data = Array(value)
        }
        return nil
    }

    private func value(of field: String) -> ArraySlice<UInt8>? {
        line.starts(with: field.utf8) ? line.dropFirst(field.utf8.count) : nil
    }
}
