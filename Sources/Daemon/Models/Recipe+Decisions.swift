package import Core
import Logging
import Synchronization

/// What an operator decides about the generation in use. A decision that cannot be read is made anew; until then no part gets a
/// verdict, for any other decision could be a laxer one.
extension Recipe {
    /// The model as it was fitted, with what is written down about limit and commissioning.
    func active(_ model: FittedModel, _ generation: Int, fault: Invalidity?) -> Active {
        let summary = model.summary
        let (limit, commission) = (limit(for: summary.kind), commission())
        let manual = (try? limit.get()) ?? nil
        return Active(
            generation: generation,
            model: manual.map { model.withLimit($0.value, band: $0.proposal?.band) } ?? model, summary: summary,
            manual: manual, commission: (try? commission.get()) ?? nil, fault: fault,
            withheld: fault ?? limit.failure ?? commission.failure, isLimitLost: limit.failure != nil)
    }

    private func limit(for kind: ModelKind) -> Result<ManualLimit?, Invalidity> {
        do throws(DocumentError) {
            guard let manual = try store.manualLimit() else { return .success(nil) }
            if manual.holds(for: kind) { return .success(manual) }
            logger.warning(
                "limit set by hand is for another backbone, method or unit of scores, using the calibrated one",
                metadata: ["recipe": "\(name)", "set_for": "\(manual.scaleWords)", "model": "\(kind)"])
            return .success(nil)
        } catch {
            return .failure(
                Invalidity(
                    .stateUnreadable,
                    "\(error): set the limit again with `fsacctl limit set`, or use calibration's with "
                        + "`fsacctl limit auto`"))
        }
    }

    private func commission() -> Result<Commission?, Invalidity> {
        do throws(DocumentError) {
            return .success(try store.commission())
        } catch {
            // Something was going on: no part may be judged as if not.
            return .failure(
                Invalidity(.stateUnreadable, "\(error): end the commissioning with `fsacctl commission --cancel`"))
        }
    }

    /// Sets the limit by hand (nil = calibration's again) and applies it to the next frame.
    package func setLimit(_ value: Float?) throws -> Active {
        try change.withLock { _ in
            let active = try inUse()
            // On the disk before any part is judged by it.
            try store.setManualLimit(value.map { try ManualLimit(value: $0, for: active.summary.kind) })
            return try reuse(active)
        }
    }

    /// The same generation, with what is written down about limit and commissioning now.
    private func reuse(_ old: Active) throws -> Active {
        let new = active(old.model.withAutomaticLimit(), old.generation, fault: old.fault)
        stand(.success(new), view.current)
        return new
    }

    /// Mutes the recipe's verdicts from the next frame on, over restarts.
    package func startCommission(_ commission: Commission) throws -> Active {
        try change.withLock { _ in
            let active = try inUse()
            guard try !isCommissioning() else { throw StoreError.commissioning(name) }
            try store.setCommission(commission)
            return try reuse(active)
        }
    }

    /// Parts are judged again from the next frame on.
    ///
    /// - Parameter proposal: the limit to judge them by; nil = as before.
    package func endCommission(accepting proposal: LimitProposal?) throws -> Active {
        try change.withLock { _ in
            let active = try inUse()
            // One that cannot be read can be ended.
            guard (try? isCommissioning()) ?? true else { throw StoreError.notCommissioning(name) }
            if let proposal {
                try store.setManualLimit(
                    ManualLimit(value: proposal.limit, for: active.summary.kind, proposal: proposal))
            }
            // After the limit: a crash in between leaves the recipe muted, and not judged by a limit nobody accepted.
            try store.setCommission(nil)
            return try reuse(active)
        }
    }

    /// - Throws: ``StoreError/unusable(_:)`` when nobody knows.
    func isCommissioning() throws(StoreError) -> Bool {
        switch commission() {
        case .success(let commission): return commission != nil
        case .failure(let invalidity): throw .unusable(invalidity.detail)
        }
    }
}

extension Result {
    /// Nil when it is none.
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
