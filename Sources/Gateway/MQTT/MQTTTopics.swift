import ControlProtocol

/// Where messages of a station go.
package struct MQTTTopics: Sendable, Equatable {
    package let station: String

    package init(station: String) { self.station = station }

    package var state: String { "fsac/\(station)/state" }
    package var statistics: String { "fsac/\(station)/statistics" }

    package func topic(of command: StationCommand.Kind) -> String { "fsac/\(station)/command/\(command.rawValue)" }

    package func topic(of subject: SinkMessage.Subject) -> String {
        switch subject {
        case .verdict(_, let camera): "fsac/\(station)/\(camera)/verdict"
        case .alarm: "fsac/\(station)/alarm"
        case .anchor: "fsac/\(station)/anchor"
        case .event: "fsac/\(station)/event"
        case .gap: "fsac/\(station)/gap"
        }
    }

    /// What receivers may sort by without reading the payload.
    package static func properties(of message: SinkMessage) -> [(name: String, value: String)] {
        var properties = [("journal", message.place.journal), ("seq", "\(message.place.seq)")]
        if case .verdict(let verdict, _) = message.subject { properties.append(("verdict", verdict.rawValue)) }
        if case .gap = message.subject { properties.removeLast() }
        return properties
    }
}
