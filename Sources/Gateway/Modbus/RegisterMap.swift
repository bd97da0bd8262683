import ControlProtocol
import Platform

/// The register map, version 1 (docs/modbus.md): what a unit's registers say, as a function of what is known. Addresses are those on the
/// wire, from 0.
struct RegisterMap {
    static let version: UInt16 = 1
    /// Registers that there are: what lies between is none.
    static let readable = [0..<100, 200..<236, 240..<244]

    let view: StationView
    let unit: ModbusUnit
    let settings: ModbusSettings
    /// Random, another one at each start of the gateway.
    let start: UInt16
    let now: ContinuousClock.Instant
    let time: WallTime

    private var fault: Fault { view.fault(of: unit.camera, at: now) }

    /// All registers of one moment.
    var words: [UInt16] {
        var registers = Registers(count: 244, settings.wordOrder)
        putPattern(&registers)
        putLine(&registers)
        if let record = unit.results.shown { put(record, &registers) }
        registers.put(unit.written, at: ModbusUnit.firstWritable)
        putCommand(&registers)
        return registers.words
    }

    /// Word, byte and text order, to be seen at a glance.
    private func putPattern(_ registers: inout Registers) {
        registers.put(Self.version, at: 0)
        registers.put(0x1234, at: 1)
        registers.put32(0x1234_5678, at: 2)
        // Float.pi is the next smaller one.
        registers.putFloat(3.141_592_7, at: 4)
        registers.put("FSAC", at: 6, count: 2)
    }

    private func putLine(_ registers: inout Registers) {
        let (fault, camera, recipe) = (fault, view.camera(unit.camera), view.recipe(of: unit.camera))
        registers.put(unit.beats, at: 8)
        registers.put(StateCode(fault, trigger: camera?.trigger, isBusy: unit.isBusy).rawValue, at: 9)
        registers.put(fault.rawValue, at: 10)
        registers.putFlags(flags, at: 11)
        // Not what was, but what is: without the daemon nothing is known.
        if fault != .daemonLost {
            registers.put(recipe.flatMap { settings.recipes[$0.name] } ?? 0, at: 12)
            registers.put(clamping: recipe?.model?.generation ?? 0, at: 13)
            registers.put(clamping: (camera?.waiting ?? 0) + (unit.isBusy ? 1 : 0), at: 14)
            registers.put(checksum(recipe), at: 26)
        }
        registers.put(clamping: unit.results.count, at: 15)
        let counts = camera?.counts ?? CountsReply()
        for (index, count) in [counts.ok, counts.ng, counts.invalid, UInt64(unit.unjudged)].enumerated() {
            registers.put32(UInt32(truncatingIfNeeded: count), at: 16 + 2 * index)
        }
        registers.put32(UInt32(truncatingIfNeeded: time.microsecondsSince1970 / 1_000_000), at: 24)
        registers.put(start, at: 27)
    }

    /// Register 11, bit 0 first; discrete inputs 0 to 12 say the same.
    var flags: [Bool] {
        let (fault, recipe) = (fault, view.recipe(of: unit.camera))
        let isKnown = fault != .daemonLost
        let warnings = isKnown ? view.status?.warnings ?? [] : []
        return [
            fault.isWell && !unit.isBusy, unit.isBusy, unit.results.isNew, unit.results.isOverrun,
            warnings.contains { $0.place == "io \(unit.camera)" },
            // Challenge parts: fsacd has none.
            false, false,
            isKnown && recipe?.commission != nil, isKnown && recipe?.fit.state == .fitting,
            isKnown && recipe?.trend?.isDrifting == true, isKnown && recipe?.trend?.sceneShift != nil,
            warnings.contains { $0.place == "pictures" } || fault == .storageFailed || fault == .journalFailed,
            unit.isPLCAlive(within: settings.plcTimeoutMilliseconds, at: now),
        ]
    }

    /// Changes when anybody changes what parts are judged by: recipe, its settings, model or limit.
    private func checksum(_ recipe: RecipeReply?) -> UInt16 {
        guard let recipe else { return 0 }
        let model = recipe.model.map { "\($0.generation) \($0.limit.value) \($0.method) \($0.backbone)" } ?? "-"
        let digest = SHA256.digest(of: Array("\(recipe.name) \(recipe.settingsDigest ?? "-") \(model)".utf8))
        return UInt16(digest[0]) << 8 | UInt16(digest[1])
    }

    private func put(_ record: InspectionRecord, _ registers: inout Registers) {
        let low = UInt16(truncatingIfNeeded: record.seq)
        registers.put(low, at: 40)
        registers.put32(UInt32(truncatingIfNeeded: record.seq), at: 41)
        registers.put(VerdictCode.number(of: record), at: 43)
        registers.put(CauseCode.number(of: record), at: 44)
        registers.putFlags(
            [
                record.uncertain == true, record.sceneShift != nil, record.durable,
                record.cause == "deadline_missed",
            ], at: 45)
        registers.put(UInt16(truncatingIfNeeded: record.triggerID ?? 0), at: 46)
        registers.put(settings.recipes[record.recipe] ?? 0, at: 47)
        registers.put(clamping: record.generation ?? 0, at: 48)
        registers.put(clamping: Int(record.latency.total.rounded()), at: 49)
        registers.putFloat(record.score ?? 0, at: 50)
        registers.putFloat(record.limit ?? 0, at: 52)
        registers.put(record.thousandths, at: 54)
        registers.put(clamping: record.regions.count, at: 55)
        if let largest = record.regions.max(by: { $0.width * $0.height < $1.width * $1.height }) {
            for (index, value) in [largest.x, largest.y, largest.width, largest.height].enumerated() {
                registers.put(clamping: value, at: 56 + index)
            }
        }
        if let time = WallTime(rfc3339: record.time) {
            registers.put32(UInt32(truncatingIfNeeded: time.microsecondsSince1970 / 1_000_000), at: 60)
            registers.put(clamping: time.microsecondsSince1970 / 1000 % 1000, at: 62)
        }
        registers.put(clamping: unit.number, at: 63)
        registers.put(record.part ?? "", at: 64, count: 16)
        registers.put(record.lot ?? "", at: 80, count: 16)
        registers.put(low, at: 99)
    }

    private func putCommand(_ registers: inout Registers) {
        let (state, reason): (UInt16, UInt16) =
            switch unit.command.state {
            case .idle: (0, 0)
            case .running, .answered: (1, 0)
            case .done: (2, 0)
            case .refused(let refusal): (3, refusal.number)
            }
        registers.put([unit.command.number, state, reason, unit.command.code], at: 240)
    }
}

extension InspectionRecord {
    /// The score in thousandths of the limit, for PLCs that know whole numbers only. Rounded so that it is 1000 or more exactly when
    /// the score is at the limit or above.
    fileprivate var thousandths: UInt16 {
        guard let score, let limit, limit > 0 else { return 0 }
        let ratio = Double(score) / Double(limit) * 1000
        return UInt16(min(65_535, max(score < limit ? 0 : 1000, min(ratio.rounded(), score < limit ? 999 : 65_535))))
    }
}
