import ControlProtocol
import Platform

extension VerdictJournal: HealthSource {
    /// Longer than a slow disk takes for a line.
    private static let patience = Duration.milliseconds(1500)

    package var findings: [Finding] {
        var health = health
        if health.failure == nil, let silence = progress.hang(beyond: Self.patience) {
            health.failure = "journal: the disk has not answered for \(silence.wholeSeconds): no verdict is written"
        }
        return health.findings
    }
}

extension VerdictJournal.Health {
    /// Every field has its finding, or the test of this table fails.
    package var findings: [Finding] {
        var findings: [Finding] = []
        if let failure { findings.append(Finding("journal", .journalFailed, failure)) }
        if unrecorded > 0 {
            let reason = "\(unrecorded) parts got no line, and no verdict: the disk failed for too long"
            findings.append(Finding(warning: "journal", reason))
        }
        if isDamaged {
            findings.append(
                Finding(warning: "journal", "a segment is damaged and was kept: look at the *.damaged marks beside it"))
        }
        // Of a disk that fails nothing else is to be said.
        if let anonymity, failure == nil {
            let reason =
                "its id is not known: \(anonymity): brokers and other receivers get nothing until the file is restored, "
                + "or removed: then the journal has a new id, and they get every line once more"
            findings.append(Finding(warning: "journal", reason))
        }
        if let nuisance { findings.append(Finding(warning: "journal", "housekeeping failed: \(nuisance)")) }
        return findings
    }
}
