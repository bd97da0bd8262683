import ControlProtocol
import Journal
import NIOCore

/// How a journal's lines travel.
enum LineFraming: Sendable {
    /// Each with a line end.
    case lines
    /// Server-sent events, as browsers read them.
    case events

    func write(_ line: VerdictLine, to buffer: inout ByteBuffer) {
        switch self {
        case .lines: buffer.writeBytes(line.bytes + [UInt8(ascii: "\n")])
        case .events: buffer.writeEvent("verdict", line.bytes, id: line.sequence)
        }
    }

    func write(_ gap: TailGap, to buffer: inout ByteBuffer) throws {
        let bytes = try ControlCoding.encode(gap)
        switch self {
        case .lines: buffer.writeBytes(bytes + [UInt8(ascii: "\n")])
        case .events: buffer.writeEvent("gap", bytes)
        }
    }
}

extension ByteBuffer {
    /// - Parameter data: one line of JSON, which has no line ends.
    mutating func writeEvent(_ name: String, _ data: some Collection<UInt8>, id: UInt64? = nil) {
        if let id { writeString("id: \(id)\n") }
        writeString("event: \(name)\ndata: ")
        writeBytes(data)
        writeString("\n\n")
    }
}
