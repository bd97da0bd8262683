import ControlProtocol
import Core
import Platform
import Settings
import Synchronization

/// Why a picture is not taken for a normal shot without a person's word.
enum ShotSuspicion: Error, Equatable, CustomStringConvertible {
    case verdictWasNG(UInt64, score: Float?, limit: Float?)
    case looksRejected(score: Float, limit: Float)
    case showsNoPart
    case showsRejectedPart(UInt64)
    case wasSetAside(sha256: String)
    case letsPartsPass([UInt64])

    var description: String {
        switch self {
        case .verdictWasNG(let seq, let score, let limit):
            "shot: verdict \(seq) was NG (\(Self.words(score, limit))): if a person has looked at the part and it is good, "
                + "type `fsacctl add-normal --from-verdict \(seq) --force`"
        case .looksRejected(let score, let limit):
            "shot: the model in use rejects this picture (\(Self.words(score, limit))): if a person has looked at the part "
                + "and it is good, repeat the command with --force; beside three parts and more nothing is learnt from it until one of another "
                + "part like it is added"
        case .showsNoPart:
            "shot: the model in use follows the part and finds none in this picture: if a person has looked at it and it shows "
                + "a good part, repeat the command with --force; with it no part is followed any more"
        case .showsRejectedPart(let seq):
            "shot: this is the picture of part \(seq), which was NG: if a person has looked at the part and it is good, "
                + "repeat the command with --force"
        case .wasSetAside(let sha256):
            "shot: a roll-back set this picture aside (\(sha256.prefix(12))): if a person has looked at the part and it is "
                + "good, type `fsacctl normals restore \(sha256.prefix(12))`"
        case .letsPartsPass(let parts):
            "shot: with this picture \(parts.count == 1 ? "part" : "parts") \(parts.map(String.init).joined(separator: ", ")) "
                + "would be OK and \(parts.count == 1 ? "is" : "are") NG: if a person has looked at the picture and at what "
                + "would pass, and all of it is good, repeat the command with --force"
        }
    }

    private static func words(_ score: Float?, _ limit: Float?) -> String {
        guard let score, let limit else { return "no score" }
        return "score \(score), limit \(limit)"
    }
}

/// What a look at a picture found.
enum CheckedShot: Sendable {
    case acceptable(NewShot)
    /// The shot that shows it already.
    case duplicate(StoredNormal)
    case refused(ErrorReply.Body)
}

/// A picture that can become a shot, and is none yet.
struct NewShot: Sendable {
    let bytes: [UInt8]
    /// As the store will have it.
    var normal: StoredNormal
    let likeness: PictureLikeness
    /// By the model in use; nil without one.
    var score: Float?
}

/// Looks at a picture before it becomes a normal shot: whether it is one already, whether it looks like a reject, and what it
/// would change. Decodes, scores and reads files: for ``WorkLane/slow`` or a thread of its own.
final class ShotChecks: Sendable {
    /// NG parts that a picture is compared with.
    private static let rejectsCompared = 20

    private let parts: RecentParts
    /// Of the shots, by SHA-256.
    private let known = Mutex<[String: PictureLikeness]>([:])

    init(parts: RecentParts) {
        self.parts = parts
    }

    /// Scores the picture once, unless it is a shot already.
    ///
    /// - Parameters:
    ///   - isForced: a person said that it is good: nothing is suspicious then, and only the same bytes are the same picture.
    ///   - isJudgedGood: people who looked at the part said so: what the model says of it is no suspicion then.
    ///   - earlier: of the same request.
    /// - Throws: ``ShotRefusal``, ``ShotSuspicion``; what the journal throws.
    func check(
        _ bytes: [UInt8], in entry: RecipeBook.Entry, isForced: Bool, isJudgedGood: Bool = false,
        after earlier: [CheckedShot]
    ) throws -> CheckedShot {
        let picture = try ShotPicture(checking: bytes, roi: entry.settings.area.roi)
        let (sha256, isKnown) = entry.recipe.find(bytes)
        let normal = StoredNormal(sha256: sha256, fileExtension: picture.fileExtension, byteCount: bytes.count)
        if isKnown || earlier.contains(sha256) { return .duplicate(normal) }
        if !isForced, entry.recipe.view.setAside.contains(where: { $0.sha256 == sha256 }) {
            throw ShotSuspicion.wasSetAside(sha256: sha256)
        }
        let likeness = picture.likeness
        if !isForced, let same = earlier.shot(like: likeness) ?? shot(like: likeness, in: entry.recipe) {
            return .duplicate(same)
        }
        var new = NewShot(bytes: bytes, normal: normal, likeness: likeness)
        if let judgement = try judgement(on: bytes, in: entry, isForced: isForced) {
            new.score = judgement.score
            new.normal.isDoubted = judgement.isDoubtful
            if judgement.score.isReject(at: judgement.limit) {
                guard isForced || isJudgedGood else {
                    throw ShotSuspicion.looksRejected(score: judgement.score, limit: judgement.limit)
                }
            } else if !isForced, !isJudgedGood, let part = try reject(like: likeness, of: entry.name) {
                throw ShotSuspicion.showsRejectedPart(part)
            }
        }
        return .acceptable(new)
    }

    /// - Throws: ``ShotSuspicion`` when the part was rejected.
    func checkVerdict(_ sequence: UInt64) throws {
        guard let record = try parts.record(sequence), record.verdict == .ng else { return }
        throw ShotSuspicion.verdictWasNG(sequence, score: record.score, limit: record.limit)
    }

    /// The shot that shows the same picture in other bytes. Decodes shots it has not seen yet.
    private func shot(like wanted: PictureLikeness, in recipe: Recipe) -> StoredNormal? {
        recipe.view.normals.first { likeness(of: $0, in: recipe)?.isSamePicture(as: wanted) ?? false }
    }

    /// The one of some shots that looks most like a picture; nil when none of them can be read. Decodes shots it has not seen yet.
    func shot(mostLike wanted: PictureLikeness, among shots: Set<String>, in recipe: Recipe) -> StoredNormal? {
        let view = recipe.view
        return (view.normals + view.setAside).filter { shots.contains($0.sha256) }
            .compactMap { normal in likeness(of: normal, in: recipe).map { (normal, $0.difference(from: wanted)) } }
            .min { $0.1 < $1.1 }?.0
    }

    private func likeness(of normal: StoredNormal, in recipe: Recipe) -> PictureLikeness? {
        if let likeness = known.withLock({ $0[normal.sha256] }) { return likeness }
        // A shot that no longer decodes is the fit's to complain about.
        guard let likeness = try? PictureLikeness(of: Picture(.file, bytes: recipe.picture(named: normal.sha256).bytes))
        else {
            return nil
        }
        known.withLock { $0[normal.sha256] = likeness }
        return likeness
    }

    /// By the model in use; nil without a model. What the model cannot judge it cannot suspect: the fit says what is wrong. But it
    /// would learn a picture without a part like any other, and then such a frame is OK.
    private func judgement(
        on bytes: [UInt8], in entry: RecipeBook.Entry, isForced: Bool
    ) throws(ShotSuspicion) -> (score: Float, limit: Float, isDoubtful: Bool)? {
        guard let active = entry.recipe.view.active, active.fault == nil, let model = entry.method.activeModel(active)
        else { return nil }
        do throws(Invalidity) {
            let score = try PictureJudge(model).judge(bytes).score
            return (score, model.limit, active.model.calibration.evidence.doubts(score, used: active.band))
        } catch {
            guard error.cause == .partNotFound, !isForced else { return nil }
            throw .showsNoPart
        }
    }

    /// The part among the newest NG ones whose picture it is.
    private func reject(like wanted: PictureLikeness, of recipe: String) throws -> UInt64? {
        try parts.newest(Self.rejectsCompared, of: recipe) { $0.verdict == .ng }.first { part in
            // As for shots.
            guard let likeness = try? PictureLikeness(of: Picture(.file, bytes: part.picture)) else { return false }
            return likeness.isSamePicture(as: wanted)
        }?.record.seq
    }
}

extension [CheckedShot] {
    /// Those that can become shots.
    var new: [NewShot] { compactMap { if case .acceptable(let shot) = $0 { shot } else { nil } } }

    fileprivate func contains(_ sha256: String) -> Bool { new.contains { $0.normal.sha256 == sha256 } }

    fileprivate func shot(like wanted: PictureLikeness) -> StoredNormal? {
        new.first { $0.likeness.isSamePicture(as: wanted) }?.normal
    }
}

// MARK: What a shot would change

extension ShotChecks {
    /// Judges the newest parts with the model in use and with a candidate. Nil when there is none in use any more.
    ///
    /// - Parameter sha256: of the new shots, which the candidate was fitted with.
    /// - Throws: `CancellationError`; what the journal throws.
    func change(
        by model: FittedModel, with sha256: Set<String>, in entry: RecipeBook.Entry, parts count: Int,
        isCancelled: () -> Bool
    ) throws -> ShotChange? {
        guard let active = entry.recipe.view.active else { return nil }
        let candidate = entry.recipe.candidate(model)
        var change = ShotChange(limitBefore: active.limit, limitAfter: candidate.limit, parts: 0, flips: [])
        let (flips, scores) = try compared(active, candidate, in: entry, parts: count, isCancelled) ?? ([], [])
        (change.flips, change.parts) = (flips, scores.count)
        let warnings = ShotWarnings(of: change, scores, from: active.model, to: model, with: sha256).sentences
        change.warnings = warnings.isEmpty ? nil : warnings
        return change
    }

    /// What two models say of the newest parts whose pictures are stored; nil when the line can use only one of them.
    ///
    /// - Parameter rejects: of the newest NG parts so many at least, the newest of all or not.
    /// - Throws: `CancellationError`; what the journal throws.
    func compared(
        _ active: Recipe.Active, _ candidate: Recipe.Active, in entry: RecipeBook.Entry, parts count: Int,
        rejects: Int = 0, _ isCancelled: () -> Bool
    ) throws -> (flips: [ShotChange.Flip], scores: [ShotWarnings.Scores])? {
        guard let old = entry.method.activeModel(active), let new = entry.method.activeModel(candidate) else {
            return nil
        }
        var (flips, scores): ([ShotChange.Flip], [ShotWarnings.Scores]) = ([], [])
        let (before, after) = (PictureJudge(old), PictureJudge(new))
        var newest = try parts.newest(count, of: entry.name) { $0.score != nil }
        let oldest = newest.last?.record.seq ?? .max
        newest += try parts.newest(rejects, of: entry.name) { $0.score != nil && $0.verdict == .ng }
            .filter { $0.record.seq < oldest }
        for part in newest {
            if isCancelled() { throw CancellationError() }
            // What was judged once and cannot be now has no verdict to compare.
            guard let one = try? before.judge(part.picture), let two = try? after.judge(part.picture) else {
                continue
            }
            let pair = ShotWarnings.Scores(before: one.score, after: two.score)
            scores.append(pair)
            let verdicts = (
                before: Verdict(pair.before, limit: old.limit), after: Verdict(pair.after, limit: new.limit)
            )
            guard verdicts.before != verdicts.after else { continue }
            flips.append(
                .init(seq: part.record.seq, frame: part.record.frame, before: verdicts.before, after: verdicts.after))
        }
        return (flips, scores)
    }
}

extension Verdict {
    /// As ``Inspection/verdict`` when nothing is muted.
    init(_ score: Float, limit: Float) { self = score.isReject(at: limit) ? .ng : .ok }
}
