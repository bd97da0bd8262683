import ControlProtocol
import Gateway
import Platform

/// A desk with a clock that the test sets, and the messages that it would get.
final class TestDesk {
    var desk: ModbusDesk
    var now = ContinuousClock.now
    private let began: ContinuousClock.Instant
    static let time = WallTime(microsecondsSince1970: 1_800_000_000_000_000)

    init(
        cameras: [String] = ["camera1"], results: ModbusSettings.Results = .latest,
        order: ModbusSettings.WordOrder = .highFirst, places: [ModbusPlace]? = nil
    ) {
        var settings = ModbusSettings()
        (settings.cameras, settings.results, settings.wordOrder) = (cameras, results, order)
        settings.recipes = ["bottle": 7]
        settings.plcTimeoutMilliseconds = 500
        desk = ModbusDesk(
            settings, places: places ?? cameras.map { _ in ModbusPlace() }, start: 0x5A5A)
        began = now - .seconds(1000)
    }

    /// A line that is well.
    static func live(
        cameras: [String] = ["camera1"], results: ModbusSettings.Results = .latest,
        order: ModbusSettings.WordOrder = .highFirst, places: [ModbusPlace]? = nil
    ) -> TestDesk {
        let test = TestDesk(cameras: cameras, results: results, order: order, places: places)
        test.desk.begin()
        test.take(.state(test.status()))
        test.beat()
        return test
    }

    func status(
        _ state: LineState = .inspecting, causes: [FindingReply] = [], trigger: String = "software",
        cameraState: LineState? = nil
    ) -> StatusReply {
        StatusReply(
            version: "1", station: "press-4",
            health: HealthReply(
                state: state, reason: nil,
                causes: state == .inspecting || !causes.isEmpty
                    ? causes : [FindingReply(place: "camera camera1", state: state, reason: "?")], warnings: []),
            uptimeSeconds: 1000,
            cameras: desk.settings.cameras.enumerated().map { index, name in
                CameraReply(
                    name: name, source: "", state: index == 0 ? cameraState ?? state : .inspecting, recipe: "bottle",
                    trigger: trigger, counts: CountsReply(ok: 70_000, ng: 2, invalid: 3))
            },
            recipes: [
                RecipeReply(
                    name: "bottle", settingsFrom: "bottle", shots: 4,
                    model: GenerationReply(
                        generation: 12, current: true, backbone: "b", method: "m", shots: [],
                        limit: LimitReply(value: 0.5, manual: false, calibrated: 0.5, evidence: "")),
                    fit: FitReply(recipe: "bottle", state: .idle, request: 0, done: 0), cameras: ["camera1"],
                    settingsDigest: "00")
            ], counts: CountsReply(), latency: nil,
            storage: StorageReply(directory: "", freeBytes: 1, lastSequence: 0, imagesDropped: 0))
    }

    func take(_ event: StreamEvent) { desk.take(event, at: now) }

    /// - Parameter age: of the message.
    func beat(age: Duration = .zero) {
        take(
            .heartbeat(
                Heartbeat(
                    now: "", uptimeSeconds: (now - age - began) / .seconds(1), lastSequence: 0, state: .inspecting)))
    }

    static func record(
        _ seq: UInt64, _ verdict: Verdict = .ok, camera: String = "camera1", id: UInt32? = nil
    ) -> InspectionRecord {
        InspectionRecord(
            seq: seq, time: "2027-01-15T08:00:00.250000Z", camera: camera, recipe: "bottle", generation: 12,
            frame: "f", part: "A-4711", triggerID: id, verdict: verdict,
            cause: verdict == .invalid ? "frame_dark" : nil, score: verdict == .invalid ? nil : 0.25,
            limit: verdict == .invalid ? nil : 0.5, regions: [], latency: .init(total: 31.4), image: nil, heatmap: nil,
            stored: .synced)
    }

    func verdict(_ record: InspectionRecord) { take(.verdict(record, line: [])) }

    // MARK: Requests

    func send(
        _ pdu: [UInt8], unit: UInt8 = 1, mayWrite: Bool = true
    ) -> (reply: [UInt8], order: ModbusOrder?) {
        let (reply, order) = desk.answer(
            ModbusFrame(transaction: 7, unit: unit, pdu: pdu), mayWrite: mayWrite, at: now, time: Self.time)
        return (reply.pdu, order)
    }

    /// By function 3; empty when it is refused.
    func read(_ address: Int, _ count: Int = 1, unit: UInt8 = 1) -> [UInt16] {
        let reply = send([3] + Self.bytes([UInt16(address), UInt16(count)]), unit: unit).reply
        return reply.first == 3 ? Self.words(reply.dropFirst(2)) : []
    }

    /// By function 16.
    func write(
        _ values: [UInt16], at address: Int, unit: UInt8 = 1, mayWrite: Bool = true
    ) -> (reply: [UInt8], order: ModbusOrder?) {
        send(
            [16] + Self.bytes([UInt16(address), UInt16(values.count)]) + [UInt8(2 * values.count)]
                + Self.bytes(values), unit: unit, mayWrite: mayWrite)
    }

    func command(
        _ code: UInt16, number: UInt16, argument: UInt16 = 0, part: String = "", lot: String = ""
    ) -> ModbusOrder? {
        let texts = [part, lot].flatMap { text in
            Self.words((Array(text.utf8) + [UInt8](repeating: 0, count: 32)).prefix(32))
        }
        return write([code, number, argument, 0] + texts, at: 200).order
    }

    static func bytes(_ words: [UInt16]) -> [UInt8] { words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }

    static func words(_ bytes: ArraySlice<UInt8>) -> [UInt16] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    }
}
