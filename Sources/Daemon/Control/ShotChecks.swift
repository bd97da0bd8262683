import ControlProtocol
import Core
import Platform
import Synchronization

/// Why a picture is not taken for a normal shot without a person's word.
enum ShotSuspicion: Error, Equatable, CustomStringConvertible {
    case verdictWasNG(UInt64, score: Float?, limit: Float?)
    case looksRejected(score: Float, limit: Float)
    case showsRejectedPart(UInt64)

    var description: String {
        switch self {
        case .verdictWasNG(let seq, let score, let limit):
            "shot: verdict \(seq) was NG (\(Self.words(score, limit))): if a person has looked at the part and it is good, "
                + "type `fsacctl add-normal --from-verdict \(seq) --force`"
        case .looksRejected(let score, let limit):
            "shot: the model in use rejects this picture (\(Self.words(score, limit))): if a person has looked at the part "
                + "and it is good, repeat the command with --force"
        case .showsRejectedPart(let seq):
            "shot: this is the picture of part \(seq), which was NG: if a person has looked at the part and it is good, "
                + "repeat the command with --force"
        }
    }

    private static func words(_ score: Float?, _ limit: Float?) -> String {
        guard let score, let limit else { return "no score" }
        return "score \(score), limit \(limit)"
    }
}

/// Looks at a picture before it becomes a normal shot: whether it is one already, whether it looks like a reject, and what it
/// would change.
final class ShotChecks: Sendable {
    /// NG parts that a picture is compared with.
    private static let rejectsCompared = 20

    let parts: RecentParts
    let refit: RefitService
    /// Of the shots, by SHA-256.
    private let known = Mutex<[String: PictureLikeness]>([:])
    private let preview = Mutex<PreviewReply?>(nil)

    init(parts: RecentParts, refit: RefitService) {
        self.parts = parts
        self.refit = refit
    }

    /// The shot that shows the same picture in other bytes. Decodes shots it has not seen yet.
    func shot(like image: Image, in recipe: Recipe) throws -> StoredNormal? {
        let wanted = PictureLikeness(of: image)
        return try recipe.view.normals.first { try likeness(of: $0, in: recipe)?.isSamePicture(as: wanted) ?? false }
    }

    private func likeness(of normal: StoredNormal, in recipe: Recipe) throws -> PictureLikeness? {
        if let likeness = known.withLock({ $0[normal.sha256] }) { return likeness }
        // A shot that no longer decodes is the fit's to complain about.
        guard let image = try? Image(decoding: recipe.bytes(of: normal)) else { return nil }
        let likeness = PictureLikeness(of: image)
        known.withLock { $0[normal.sha256] = likeness }
        return likeness
    }

    /// The score by the model in use; nil without a model.
    ///
    /// - Parameter overrules: a person said that it is good: nothing is suspicious then.
    /// - Throws: ``ShotSuspicion``.
    func score(
        _ bytes: [UInt8], _ image: Image, in entry: RecipeBook.Entry, overrules: Bool
    ) throws -> Float? {
        guard let active = entry.recipe.view.active, let model = entry.method.activeModel(active) else { return nil }
        // What the model cannot judge it cannot suspect; the fit says what is wrong.
        guard let judgement = try? PictureJudge(model).judge(bytes) else { return nil }
        guard !overrules else { return judgement.score }
        if judgement.score.isReject(at: model.limit) {
            throw ShotSuspicion.looksRejected(score: judgement.score, limit: model.limit)
        }
        let likeness = PictureLikeness(of: image)
        let rejects = try parts.newest(Self.rejectsCompared, of: entry.name) { $0.verdict == .ng }
        for part in rejects {
            // As for shots.
            guard let reject = try? Image(decoding: part.picture) else { continue }
            if PictureLikeness(of: reject).isSamePicture(as: likeness) {
                throw ShotSuspicion.showsRejectedPart(part.record.seq)
            }
        }
        return judgement.score
    }

    /// - Throws: ``ShotSuspicion`` when the part was rejected.
    func checkVerdict(_ sequence: UInt64) throws {
        guard let record = try parts.record(sequence), record.verdict == .ng else { return }
        throw ShotSuspicion.verdictWasNG(sequence, score: record.score, limit: record.limit)
    }
}

// MARK: What a shot would change

extension ShotChecks {
    /// The newest preview; nil before the first.
    var previewReply: PreviewReply? { preview.withLock { $0 } }

    /// Fits a candidate with one more shot, on a thread of its own at lower priority, and judges the newest parts with it.
    func startPreview(_ bytes: [UInt8], in entry: RecipeBook.Entry, parts count: Int) throws -> PreviewReply {
        guard let active = entry.recipe.view.active else { throw StoreError.noModel }
        let reply = try preview.withLock { preview in
            guard preview?.state != .running else {
                throw ControlError(code: .conflict, message: "preview: another one is being made: try again later")
            }
            let reply = PreviewReply(number: (preview?.number ?? 0) + 1, state: .running)
            preview = reply
            return reply
        }
        Task {
            await NamedThread.run("fsac-preview", niceness: 10) {
                do {
                    let change = try self.change(bytes, in: entry, from: active, parts: count)
                    self.preview.withLock { $0 = PreviewReply(number: reply.number, state: .done, change: change) }
                } catch {
                    self.preview.withLock {
                        $0 = PreviewReply(number: reply.number, state: .failed, message: "\(error)")
                    }
                }
            }
        }
        return reply
    }

    private func change(
        _ bytes: [UInt8], in entry: RecipeBook.Entry, from active: Recipe.Active, parts count: Int
    ) throws -> ShotChange {
        let model = try refit.candidate(entry, with: bytes) { progress in
            self.preview.withLock { $0?.progress = 0.9 * progress }
        }
        let candidate = entry.recipe.candidate(model)
        var change = ShotChange(limitBefore: active.limit, limitAfter: candidate.limit, parts: 0, flips: [])
        guard let old = entry.method.activeModel(active), let new = entry.method.activeModel(candidate) else {
            return change
        }
        let (before, after) = (PictureJudge(old), PictureJudge(new))
        for part in try parts.newest(count, of: entry.name, where: { $0.score != nil }) {
            // What was judged once and cannot be now has no verdict to compare.
            guard let one = try? before.verdict(on: part.picture), let two = try? after.verdict(on: part.picture) else {
                continue
            }
            change.parts += 1
            if one != two {
                change.flips.append(
                    .init(seq: part.record.seq, frame: part.record.frame, before: one, after: two))
            }
        }
        return change
    }
}
