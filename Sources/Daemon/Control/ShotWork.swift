import ControlProtocol
import Core
import Journal
import Platform

/// The order of things when pictures become normal shots. Nothing is stored before everything is checked.
struct ShotWork: Sendable {
    typealias Report = @Sendable (_ change: (inout ShotOperation) -> Void) -> Void

    let line: any LineControl
    let refit: RefitService
    let events: EventLog
    let pictures: VerdictPictures
    let checks: ShotChecks
    let shotQualityPercent: Int

    /// Ends when the shots are stored and their fit is asked for, or something stands against it. A cancelled task stops before
    /// anything is stored, or not at all.
    ///
    /// - Parameter report: changes what others see of it.
    func carryOut(_ order: ShotOrder, _ report: @escaping Report) async {
        // Another operation's candidate may wait for its fit: it is not this one's to let go of.
        var isCandidateOurs = false
        do {
            var shots = try await checked(order, report)
            let previewed = previewed(shots, order)
            if !previewed.isEmpty {
                isCandidateOurs = true
                let change = try await preview(previewed.map(\.shot), order, report)
                let passing = change?.passing.map(\.seq).filter { !order.judgedGood.contains($0) } ?? []
                if !passing.isEmpty, !order.isForced {
                    for (index, _) in previewed {
                        shots[index] = .refused(ControlError(ShotSuspicion.letsPartsPass(passing)).body)
                    }
                    report { [shots] in $0.shots = shots.map(AddNormalsReply.Shot.init) }
                }
            }
            if try await store(shots, order, report) { isCandidateOurs = false }
        } catch  where error is CancellationError || error as? FitError == .cancelled {
            report { $0.stop() }
        } catch {
            let refusal = ControlError(error).body
            report { $0.phase = .failed(in: $0.stage, refusal) }
        }
        if isCandidateOurs { refit.letGoOfCandidate() }
    }

    // MARK: Taking and checking

    private func checked(_ order: ShotOrder, _ report: @escaping Report) async throws -> [CheckedShot] {
        try Task.checkCancellation()
        report { $0.phase = .working(.taking, progress: 0) }
        var shots: [CheckedShot] = []
        switch order.source {
        case .picture(let bytes):
            report { $0.phase = .working(.checking, progress: 0) }
            try await check(order, after: &shots, report) { bytes }
        case .verdict(let sequence):
            try await check(order, part: sequence, after: &shots, report) {
                report { $0.phase = .working(.checking, progress: 0) }
                if !order.isForced { try checks.checkVerdict(sequence) }
            }
        case .candidates(let sequences):
            for (done, sequence) in sequences.enumerated() {
                try await check(order, part: sequence, after: &shots, report) {}
                let progress = Double(done + 1) / Double(sequences.count)
                report { $0.phase = .working(.taking, progress: progress) }
            }
        case .camera(let name, let count):
            try await line.nextPictures(count, of: name) { picture in
                try await check(order, after: &shots, report) {
                    try picture.storable(qualityPercent: shotQualityPercent)
                }
                let progress = Double(shots.count) / Double(count)
                report { $0.phase = .working(.taking, progress: progress) }
            }
        }
        return shots
    }

    /// As the other one, of a part's stored picture.
    ///
    /// - Parameter look: at the part, once its picture is there.
    private func check(
        _ order: ShotOrder, part sequence: UInt64, after shots: inout [CheckedShot], _ report: @escaping Report,
        _ look: @escaping @Sendable () throws -> Void
    ) async throws {
        do {
            let picture = try await pictures.picture(of: sequence, .image)
            try await check(order, after: &shots, report) {
                try look()
                return picture.bytes
            }
        } catch let error as ControlError where error.code.isAbsence {
            add(.refused(error.body), to: &shots, report)
        }
    }

    /// A picture that is refused does not keep the others out.
    private func check(
        _ order: ShotOrder, after shots: inout [CheckedShot], _ report: @escaping Report,
        _ bytes: @escaping @Sendable () throws -> [UInt8]
    ) async throws {
        let shot = try await WorkLane.slow.run { [shots] in
            do {
                return try checks.check(
                    try bytes(), in: order.entry, isForced: order.isForced, isJudgedGood: order.isJudgedGood,
                    after: shots)
            } catch  where error is ImageError || error is ShotRefusal || error is ShotSuspicion {
                return CheckedShot.refused(ControlError(error).body)
            }
        }
        try Task.checkCancellation()
        add(shot, to: &shots, report)
    }

    private func add(_ shot: CheckedShot, to shots: inout [CheckedShot], _ report: Report) {
        shots.append(shot)
        report { [shots] in $0.shots = shots.map(AddNormalsReply.Shot.init) }
    }

    // MARK: Looking ahead

    /// The new pictures that a candidate is fitted with: one alone, or all that people judged good; without a model there is
    /// nothing to compare with.
    private func previewed(_ shots: [CheckedShot], _ order: ShotOrder) -> [(index: Int, shot: NewShot)] {
        let new = shots.enumerated().compactMap { index, shot in
            if case .acceptable(let new) = shot { (index, new) } else { nil }
        }
        guard order.previewParts > 0, new.count == 1 || order.isJudgedGood, order.entry.recipe.view.active != nil else {
            return []
        }
        return new
    }

    private func preview(
        _ shots: [NewShot], _ order: ShotOrder, _ report: @escaping Report
    ) async throws -> ShotChange? {
        let (entry, parts) = (order.entry, order.previewParts)
        report { $0.phase = .working(.previewing, progress: 0) }
        let change = try await refit.preview(
            entry, with: shots.map { ($0.bytes, $0.normal.isDoubted) },
            progress: { progress in report { $0.phase = .working(.previewing, progress: 0.9 * progress) } },
            { model, isCancelled in
                try checks.change(
                    by: model, with: Set(shots.map(\.normal.sha256)), in: entry, parts: parts, isCancelled: isCancelled)
            })
        report { $0.change = change }
        return change
    }

    // MARK: Storing

    /// - Returns: whether a fit of the shots is asked for, which takes the candidate.
    private func store(_ shots: [CheckedShot], _ order: ShotOrder, _ report: @escaping Report) async throws -> Bool {
        try Task.checkCancellation()
        let recipe = order.entry.recipe
        var isFitDue = false
        for (index, shot) in shots.enumerated() where !order.isDryRun {
            switch shot {
            case .acceptable(let new):
                report { $0.phase = .working(.storing, progress: Double(index) / Double(shots.count)) }
                // Runs to its end, whatever happens to this task.
                let (_, isNew) = try await WorkLane.slow.run {
                    try events.record(by: order.author) {
                        .shotAdded(
                            to: recipe, new.normal, isForced: order.isForced, score: new.score,
                            source: order.source.words(index))
                    } _: {
                        try recipe.addNormal(
                            new.bytes, fileExtension: new.normal.fileExtension, isDoubted: new.normal.isDoubted)
                    }
                }
                report { $0.shots[index].outcome = isNew ? .added : .duplicate }
                isFitDue = true
            case .duplicate:
                // A repeat after an answer that got lost also makes up for a fit that was never asked for.
                isFitDue = isFitDue || recipe.view.isFitDue
            case .refused: break
            }
        }
        guard order.refits, isFitDue else {
            report { $0.phase = .done(after: $0.stage, generation: nil) }
            return false
        }
        let request = refit.request(order.entry.name).request
        report { $0.phase = .fitting(request) }
        return true
    }
}
