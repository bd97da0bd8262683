import ControlProtocol

extension HealthReply {
    init(_ health: Health) {
        self.init(
            state: health.state, reason: health.reason, causes: health.causes.map(FindingReply.init),
            warnings: health.warnings.map(FindingReply.init))
    }
}

extension FindingReply {
    fileprivate init(_ finding: Finding) {
        self.init(place: finding.place, state: finding.state, reason: finding.reason)
    }
}
