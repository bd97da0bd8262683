import ControlProtocol
import Logging
import Platform
import Synchronization

/// A fit that was begun and has not ended (`recipes/<name>/fit.json`): written before a fit and removed after it, however
/// that ends. What a start finds is the trace of a fit that ended the daemon: killed for its memory, or trapped.
///
/// Starting again would begin the same fit again, and so for ever. So the same one is begun twice and then left out, until
/// somebody asks for it, or it is another one.
struct UnfinishedFit: Codable, Sendable, Equatable {
    /// What it is made of: shots, settings and this program, as a digest. An update may have mended what ended the daemon.
    let input: String
    /// How often it was begun.
    var begun: Int

    /// Starts that fit the same again.
    private static let attempts = 2

    /// Why a start leaves a fit of `input` out, in words; nil = it does not.
    func reasonToLeaveOut(_ input: String) -> String? {
        guard self.input == input, begun >= Self.attempts else { return nil }
        return "fit: the daemon ended \(begun) times in the middle of it, killed (for its memory?) or by a fault of "
            + "the program: left out, the model in use stays: remove shots or give it more memory, or ask again "
            + "with `fsacctl refit`"
    }
}

extension Recipe.View {
    /// What a fit would be made of now.
    fileprivate var fitInput: String {
        let names = normals.map(\.sha256).joined(separator: "\n")
        // Settings that JSON cannot say are told by their words.
        let settings = (try? ControlCoding.encode(kind)).map { String(decoding: $0, as: UTF8.self) } ?? "\(kind)"
        return hexadecimal(SHA256.digest(of: "\(FsacVersion.text)\n\(settings)\n\(names)".utf8))
    }
}

/// Notes when a recipe's fit begins and ends, on the disk first.
final class FitMark: Sendable {
    private let store: RecipeStore
    private let recipe: String
    private let logger: Logger
    /// That is at work, or ended the daemon before.
    private let unfinished: Mutex<UnfinishedFit?>

    init(_ store: RecipeStore, recipe: String, logger: Logger) {
        self.store = store
        self.recipe = recipe
        self.logger = logger
        do {
            unfinished = Mutex(try store.unfinishedFit())
        } catch {
            // At worst a fit is begun twice more.
            logger.error(
                "whether a fit was cut off cannot be read", metadata: ["recipe": "\(recipe)", "error": "\(error)"])
            unfinished = Mutex(nil)
        }
    }

    /// Why a start leaves out the fit that is due, in words; nil = it does not.
    func reasonToLeaveOut(_ view: Recipe.View) -> String? {
        unfinished.withLock(\.self)?.reasonToLeaveOut(view.fitInput)
    }

    /// - Throws: when that cannot be noted: then nothing may be fitted, for it could end every start.
    func begin(_ view: Recipe.View) throws {
        let input = view.fitInput
        let before = unfinished.withLock { $0?.input == input ? $0?.begun ?? 0 : 0 }
        let fit = UnfinishedFit(input: input, begun: before + 1)
        try store.setUnfinishedFit(fit)
        unfinished.withLock { $0 = fit }
    }

    /// Well or badly, but the daemon is there.
    func end() {
        unfinished.withLock { $0 = nil }
        do {
            try store.setUnfinishedFit(nil)
        } catch {
            // The next start finds it, and begins the same fit once less.
            logger.error(
                "the end of a fit cannot be noted", metadata: ["recipe": "\(recipe)", "error": "\(error)"])
        }
    }
}

extension RecipeStore {
    static let unfinishedFitName = "fit.json"

    /// Nil when no fit was cut off.
    func unfinishedFit() throws(DocumentError) -> UnfinishedFit? {
        try documents.read(UnfinishedFit.self, from: path(Self.unfinishedFitName))
    }

    /// - Parameter fit: nil = it has ended.
    func setUnfinishedFit(_ fit: UnfinishedFit?) throws {
        try documents.write(fit, to: path(Self.unfinishedFitName))
    }
}
