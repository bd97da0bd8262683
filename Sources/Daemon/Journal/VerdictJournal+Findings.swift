import ControlProtocol
import Platform

extension VerdictJournal: HealthSource {
    /// Longer than a slow disk takes for a line.
    private static let patience = Duration.milliseconds(1500)

    package var findings: [Finding] {
        if let silence = progress.hang(beyond: Self.patience) {
            let reason = "journal: the disk has not answered for \(silence.wholeSeconds): no verdict is written"
            return [Finding("journal", .journalFailed, reason)] + health.findings
        }
        return health.findings
    }
}

extension VerdictJournal.Health {
    /// Every field has its finding, or the test of this table fails.
    package var findings: [Finding] {
        var findings: [Finding] = []
        if let failure { findings.append(Finding("journal", .journalFailed, failure)) }
        if lostLines > 0 {
            findings.append(Finding(warning: "journal", "\(lostLines) verdicts are lost: the disk failed for too long"))
        }
        if isDamaged {
            findings.append(
                Finding(warning: "journal", "a segment is damaged and was kept: look at the *.damaged marks beside it"))
        }
        if let nuisance { findings.append(Finding(warning: "journal", "housekeeping failed: \(nuisance)")) }
        return findings
    }
}
