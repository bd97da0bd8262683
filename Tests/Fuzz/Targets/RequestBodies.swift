import ControlProtocol

/// What clients send as JSON.
enum RequestBodies {
    static func read(_ bytes: [UInt8]) {
        func check<Value: RequestFields & Equatable>(_ type: Value.Type) {
            guard let value = try? ControlCoding.decodeRequest(type, from: bytes) else { return }
            // What was understood is the same when it is said again, but for numbers that JSON cannot say.
            guard let said = try? ControlCoding.encode(value) else { return }
            let again = try? ControlCoding.decodeRequest(type, from: [UInt8](said))
            precondition(again == value, "request: \(value) is read as \(String(describing: again))")
        }
        check(LimitRequest.self)
        check(RollbackRequest.self)
        check(CopyRecipeRequest.self)
        check(UseRecipeRequest.self)
        check(ImportRecipeRequest.self)
        check(ShotSource.self)
        check(TriggerRequest.self)
        check(CommissionRequest.self)
        check(IOTestRequest.self)
        check(IOAcknowledgeRequest.self)
        check(ModuleReport.self)
        check(AlarmAcknowledgeRequest.self)
        check(JudgementRequest.self)
        check(LotRequest.self)
    }
}
