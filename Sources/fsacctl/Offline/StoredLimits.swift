import ControlProtocol
import Core
import Platform

/// Limits that were set by hand, as they lie in a state directory, against those that the shots give.
enum StoredLimits {
    private struct ByHand: Decodable {
        var value: Float
    }

    private struct Current: Decodable {
        var generation: Int
    }

    /// One line for each recipe whose limit is far from the automatic one. What cannot be read is left out: a configuration is
    /// also checked where no daemon has run, or by somebody who may not look into its state.
    static func warnings(stateDirectory: String) -> [String] {
        let (disk, recipes) = (Disk(), stateDirectory + "/recipes")
        return ((try? disk.names(in: recipes)) ?? []).compactMap { recipe in
            let folder = "\(recipes)/\(recipe)"
            guard
                let byHand = try? ControlCoding.decode(ByHand.self, from: content(folder + "/limit.json", disk)).value,
                let generation = try? generation(folder + "/current", disk),
                let model = try? FittedModel.load(from: "\(folder)/models/\(generation)")
            else { return nil }
            return warning(recipe, byHand: byHand, automatic: model.calibration.limit)
        }
    }

    static func warning(_ recipe: String, byHand: Float, automatic: Float) -> String? {
        let ratio = byHand / automatic
        guard ratio > LimitChange.plausibleFactor || ratio < 1 / LimitChange.plausibleFactor else { return nil }
        let danger = ratio > 1 ? "bad parts may pass" : "good parts may be rejected"
        return "recipe \(recipe): the limit by hand, \(Format.score(byHand)), is far from that of the shots, "
            + "\(Format.score(automatic)): \(danger): `fsacctl limit show` says more, `fsacctl limit auto` goes back"
    }

    private static func generation(_ path: String, _ disk: Disk) throws -> Int? {
        let bytes = try content(path, disk)
        // Older versions wrote the number alone.
        let text = String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber }
        return try Int(text) ?? ControlCoding.decode(Current.self, from: bytes).generation
    }

    private static func content(_ path: String, _ disk: Disk) throws -> [UInt8] {
        let bytes = try disk.read(path)
        if case .sound(let content) = Seal.open(bytes) { return content }
        return bytes
    }
}
