internal import Foundation
import Platform

extension Adaptation {
    private static let key = "adaptation"

    /// What a training hangs on, and how far it has come.
    private struct State: Codable {
        let backbone: String
        let pictures: String
        let settings: AdaptationSettings
        let position: AdaptationPosition
        let textSteps: Int
        let imageSteps: Int

        enum CodingKeys: String, CodingKey {
            case backbone, pictures, settings, position
            case textSteps = "text_steps"
            case imageSteps = "image_steps"
        }
    }

    /// Keeps the training in a file, whole or not at all, so that it can go on after an interruption.
    package func save(to path: String) throws(WeightsError) {
        let state = State(
            backbone: model.sha256, pictures: pictures.identity, settings: settings, position: position,
            textSteps: steps.count(.text), imageSteps: steps.count(.image))
        let json: Data
        do {
            json = try JSONEncoder().encode(state)
        } catch {
            throw .unwritable(file: path, reason: ErrorWords.of(error))
        }
        try Safetensors.write(
            steps.tensors, metadata: [Self.key: String(decoding: json, as: UTF8.self)], to: path)
    }

    /// Goes on with a training that ``save(to:)`` kept.
    ///
    /// - Throws: `weights` when the file is damaged; `otherTraining` when it is of another backbone, other pictures or other
    ///   settings.
    package static func resume(
        from path: String, _ model: AdaptationModel, _ pictures: AdaptationSet, _ settings: AdaptationSettings,
        parallelism: Parallelism
    ) throws(AdaptationError) -> Adaptation {
        let archive: WeightArchive
        let state: State
        do throws(WeightsError) {
            archive = try Safetensors.read(path: path)
            state = try Self.state(of: archive)
        } catch {
            throw .weights(error)
        }
        func check(_ what: String, _ expected: String, _ got: String) throws(AdaptationError) {
            guard expected == got else {
                throw .otherTraining(path: path, what: what, expected: expected, got: got)
            }
        }
        try check("backbone", state.backbone, model.sha256)
        try check("set of pictures", state.pictures, pictures.identity)
        try check("choice of settings", state.settings.description, settings.description)
        let untrained = model.untrained(inputSize: settings.inputSize, seed: 0)
        do throws(WeightsError) {
            let steps = try AdapterSteps(
                archive, like: untrained, textSteps: state.textSteps, imageSteps: state.imageSteps)
            return Adaptation(model, pictures, settings, steps, state.position, parallelism)
        } catch {
            throw .weights(error)
        }
    }

    private static func state(of archive: WeightArchive) throws(WeightsError) -> State {
        let json = archive.metadata[key] ?? ""
        let state: State
        do {
            state = try JSONDecoder().decode(State.self, from: Data(json.utf8))
        } catch {
            throw .malformed(
                file: archive.file, section: key, expected: "an interrupted training",
                got: json.isEmpty ? "none" : ErrorWords.of(error))
        }
        let position = state.position
        let counts = [position.epoch, position.pictures, position.batches, state.textSteps, state.imageSteps]
        guard counts.allSatisfy({ (0...(1 << 40)).contains($0) }) else {
            throw .malformed(file: archive.file, section: key, expected: "numbers from 0 on", got: "\(counts)")
        }
        return state
    }
}
