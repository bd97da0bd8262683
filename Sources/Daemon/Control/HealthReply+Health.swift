import ControlProtocol
import Platform

extension HealthReply {
    init(_ health: Health, _ times: FindingTimes) {
        let since = times.see(health)
        let reply = { (finding: Finding) in
            FindingReply(
                place: finding.place, state: finding.state, reason: finding.reason, since: since(finding).rfc3339)
        }
        self.init(
            state: health.state, reason: health.reason, causes: health.causes.map(reply),
            warnings: health.warnings.map(reply))
    }
}
