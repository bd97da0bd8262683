import ControlProtocol
import Platform

extension VerdictFacts {
    /// Of a journal line; nil for what is none that this version can read. The line's checksum is the reader's business.
    ///
    /// A million lines are read when an index is built anew: fields are looked at in their places, and a JSON parser is asked only
    /// of those that are not as the daemon writes them most of the time: of a text with an escape in it.
    package init?(line: [UInt8]) {
        let plain = line.contains(UInt8(ascii: "\\")) ? nil : line.withUnsafeBufferPointer({ Fields(plain: $0) })
        guard let fields = plain ?? (try? ControlCoding.decode(Fields.self, from: line)) else { return nil }
        self.init(fields)
    }

    private init?(_ fields: Fields) {
        guard let time = WallTime(rfc3339: fields.time) else { return nil }
        self.init(
            seq: fields.seq, time: time.microsecondsSince1970, camera: fields.camera, recipe: fields.recipe,
            generation: fields.generation, part: fields.part, lot: fields.lot, verdict: fields.verdict,
            cause: fields.cause, isUncertain: fields.uncertain ?? false, score: fields.score,
            place: fields.verdict == .ng ? fields.regions?.highest : nil)
    }

    /// As ``InspectionRecord`` has them.
    fileprivate struct Fields: Decodable {
        var seq: UInt64
        var time: String
        var camera: String
        var recipe: String
        var generation: Int?
        var part: String?
        var lot: String?
        var verdict: Verdict
        var cause: String?
        var uncertain: Bool?
        var score: Double?
        var regions: Regions?
    }

    /// Those of a line; none where they are not as this version knows them: all else in the line counts.
    fileprivate struct Regions: Decodable {
        private static let pixels = 0...1 << 20
        private var boxes: [Box]

        private struct Box: Decodable {
            var x: Int
            var y: Int
            var width: Int
            var height: Int
            var peak: Double
        }

        init(from decoder: any Decoder) throws {
            boxes = (try? decoder.singleValueContainer().decode([Box].self)) ?? []
        }

        /// The middle of the one with the highest peak.
        var highest: PixelPlace? {
            guard let box = boxes.max(by: { $0.peak < $1.peak }),
                [box.x, box.y, box.width, box.height].allSatisfy(Self.pixels.contains)
            else { return nil }
            return PixelPlace(x: box.x + box.width / 2, y: box.y + box.height / 2)
        }
    }
}

extension VerdictFacts.Fields {
    /// Of a line without a backslash, in which a text ends with the next quotation mark.
    fileprivate init?(plain line: UnsafeBufferPointer<UInt8>) {
        var scan = PlainObject(line)
        var (seq, time, camera, recipe, verdict) = (
            UInt64?.none, String?.none, String?.none, String?.none, Verdict?.none
        )
        var (generation, part, lot, cause) = (Int?.none, String?.none, String?.none, String?.none)
        var (uncertain, score) = (Bool?.none, Double?.none)
        var regions: VerdictFacts.Regions?
        // Something that is there and is none of what it has to be is the JSON parser's business.
        var isOdd = false
        while let (key, value) = scan.next() {
            switch key {
            case "seq": seq = UInt64(scan.text(value))
            case "time": time = scan.text(value)
            case "camera": camera = scan.text(value)
            case "recipe": recipe = scan.text(value)
            case "generation":
                generation = Int(scan.text(value))
                isOdd = isOdd || generation == nil
            case "part": part = scan.text(value)
            case "lot": lot = scan.text(value)
            case "verdict": verdict = Verdict(rawValue: scan.text(value))
            case "cause": cause = scan.text(value)
            case "uncertain":
                uncertain = Bool(scan.text(value))
                isOdd = isOdd || uncertain == nil
            case "score":
                score = Double(scan.text(value))
                isOdd = isOdd || score == nil
            // Most lines have none.
            case "regions" where value.count > 2:
                regions = try? ControlCoding.decode(VerdictFacts.Regions.self, from: Array(line[value]))
            default: continue
            }
        }
        guard scan.isComplete, !isOdd, let seq, let time, let camera, let recipe, let verdict else { return nil }
        self.init(
            seq: seq, time: time, camera: camera, recipe: recipe, generation: generation, part: part, lot: lot,
            verdict: verdict, cause: cause, uncertain: uncertain, score: score, regions: regions)
    }
}

/// The fields of a JSON object on one line that has no backslash and no blanks.
private struct PlainObject {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 1
    private(set) var isComplete = false

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The next field's name, and where its value is: of a text what is between the quotation marks.
    mutating func next() -> (key: String, value: Range<Int>)? {
        guard take(UInt8(ascii: "\"")), let keyEnd = end(of: UInt8(ascii: "\"")) else { return nil }
        let key = text(index..<keyEnd)
        index = keyEnd + 1
        guard take(UInt8(ascii: ":")), index < bytes.count else { return nil }
        let value: Range<Int>
        if take(UInt8(ascii: "\"")) {
            guard let end = end(of: UInt8(ascii: "\"")) else { return nil }
            value = index..<end
            index = end + 1
        } else {
            let start = index
            guard skip() else { return nil }
            value = start..<index
        }
        if !take(UInt8(ascii: ",")) { isComplete = take(UInt8(ascii: "}")) && index == bytes.count }
        return (key, value)
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private func end(of mark: UInt8) -> Int? { bytes[index...].firstIndex(of: mark) }

    /// Goes behind a number, a word, a list or an object.
    private mutating func skip() -> Bool {
        var (depth, isText) = (0, false)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                isText.toggle()
            } else if !isText {
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: ",") where depth == 0: return true
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    guard depth > 0 else { return true }
                    depth -= 1
                default: break
                }
            }
            index += 1
        }
        return false
    }
}
