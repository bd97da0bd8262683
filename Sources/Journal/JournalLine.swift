package import ControlProtocol

/// A line of a segment: JSON with its checksum as the last field.
///
/// Read and written at places, without a JSON parser: recovery looks at lines that may be anything.
package enum JournalLine {
    private static let mark = Array(#","crc":""#.utf8)
    private static let end = Array(#""}"#.utf8)
    /// Bytes that every sealed line ends with.
    private static let checksumField = mark.count + 8 + end.count
    private static let sequenceField = Array(#"{"seq":"#.utf8)

    /// Closes an object with the checksum of what it holds so far. No line end.
    package static func sealed(_ object: JSONLine) -> [UInt8] {
        object.bytes + mark + CRC32C.text(CRC32C.checksum(object.bytes)).utf8 + end
    }

    /// The checksum's digits; nil when the line is not what was once sealed.
    /// It is of all that stands in front of it: a change of any byte of the line shows.
    package static func checksum(of line: ArraySlice<UInt8>) -> String? {
        guard line.count > checksumField, line.suffix(end.count).elementsEqual(end) else { return nil }
        let body = line.dropLast(checksumField)
        guard line[body.endIndex...].starts(with: mark) else { return nil }
        let digits = CRC32C.text(CRC32C.checksum(body))
        guard line[(body.endIndex + mark.count)...].starts(with: digits.utf8) else { return nil }
        return digits
    }

    /// The number behind `{"seq":`; nil for other lines. Says nothing about the checksum.
    package static func sequence(of line: ArraySlice<UInt8>) -> UInt64? {
        guard line.starts(with: sequenceField) else { return nil }
        let digits = line.dropFirst(sequenceField.count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return sequence(String(decoding: digits, as: UTF8.self))
    }

    /// A number that another one can follow.
    package static func sequence(_ digits: some StringProtocol) -> UInt64? {
        UInt64(digits).flatMap { $0 < .max ? $0 : nil }
    }

    /// The text of a field; nil when there is none. Nothing is unescaped: for paths and words of ours. A quotation mark in a text
    /// is escaped, so what looks like a field is one.
    package static func text(of field: String, in line: ArraySlice<UInt8>) -> String? {
        let mark = Array(",\"\(field)\":\"".utf8)
        guard let start = line.firstRange(of: mark)?.upperBound else { return nil }
        return String(decoding: line[start...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    /// Whether a field is there and true.
    package static func hasFlag(_ field: String, in line: ArraySlice<UInt8>) -> Bool {
        line.firstRange(of: Array(",\"\(field)\":true".utf8)) != nil
    }

    /// A verdict that can be trusted.
    package static func verdict(_ line: ArraySlice<UInt8>) -> VerdictLine? {
        guard let sequence = sequence(of: line), checksum(of: line) != nil else { return nil }
        return VerdictLine(sequence: sequence, bytes: Array(line))
    }
}

extension VerdictLine {
    package init(_ record: InspectionRecord) {
        self.init(sequence: record.seq, bytes: JournalLine.sealed(JSONLine(record)))
    }

    /// The digits of the line's checksum.
    /// A line without one ties the next segment to nothing.
    package var checksum: String { JournalLine.checksum(of: bytes[...]) ?? SegmentHeader.noChecksum }
}

extension JSONLine {
    /// What there is not is left out: readers of older lines know the same rule.
    package init(_ record: InspectionRecord) {
        self.init()
        add("seq", record.seq)
        add("time", record.time)
        add("camera", record.camera)
        add("recipe", record.recipe)
        if let generation = record.generation { add("generation", generation) }
        add("frame", record.frame)
        if let digest = record.digest { add("digest", digest) }
        if let part = record.part { add("part", part) }
        if let triggerID = record.triggerID { add("trigger_id", triggerID) }
        if let lot = record.lot { add("lot", lot) }
        add("verdict", record.verdict.rawValue)
        if let cause = record.cause { add("cause", cause) }
        if let detail = record.detail { add("detail", detail) }
        if let sceneShift = record.sceneShift { add("scene_shift", sceneShift) }
        if let score = record.score { add("score", score) }
        if let limit = record.limit { add("limit", limit) }
        if let limitBy = record.limitBy { add("limit_by", limitBy.rawValue) }
        if let uncertain = record.uncertain { add("uncertain", uncertain) }
        add("regions", record.regions.map(JSONLine.init))
        add("latency_ms", JSONLine(record.latency))
        if let image = record.image { add("image", image) }
        if let heatmap = record.heatmap { add("heatmap", heatmap) }
        add("durable", record.durable)
        if let stored = record.stored { add("stored", stored.rawValue) }
    }

    private init(_ region: InspectionRecord.Region) {
        self.init()
        add("x", region.x)
        add("y", region.y)
        add("width", region.width)
        add("height", region.height)
        add("peak", region.peak)
    }

    private init(_ latency: InspectionRecord.Latency) {
        self.init()
        add("wait", latency.wait)
        add("decode", latency.decode)
        add("embed", latency.embed)
        add("score", latency.score)
        add("total", latency.total)
    }
}
