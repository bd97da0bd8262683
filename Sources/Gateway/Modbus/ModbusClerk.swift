import ControlClient
import ControlProtocol
import Platform

/// Carries out what PLCs ask for, each order once: its number is on the disk before anything is done.
struct ModbusClerk: Sendable {
    let client: DaemonClient
    let places: ModbusPlaces

    /// Longer than the longest `trigger_deadline_ms`: the daemon answers every trigger that it took.
    private static let patience = Duration.seconds(11 * 60)

    func carryOut(_ order: ModbusOrder) async -> ModbusOutcome {
        do {
            try await onThread { try places.write(order.place, unit: order.unit) }
        } catch {
            GatewayLog.say(.error, "modbus: the number of a command cannot be kept: \(ErrorWords.of(error))")
            return .refused(.notKept)
        }
        do {
            return try await ask(order)
        } catch DaemonError.refused(let body) {
            GatewayLog.say(.warning, "modbus: unit \(order.unit): command \(order.number): \(body.message)")
            return .refused(Self.refusal(of: order.action, body.code))
        } catch {
            GatewayLog.say(.warning, "modbus: unit \(order.unit): command \(order.number): \(ErrorWords.of(error))")
            return .refused(.fault(.daemonLost))
        }
    }

    private func ask(_ order: ModbusOrder) async throws -> ModbusOutcome {
        switch order.action {
        case .trigger(let part):
            let reply = try await client.request(
                .post, ControlPath.trigger,
                body: .json(TriggerRequest(camera: order.camera, part: part, id: UInt32(order.number))),
                timeout: Self.patience, as: TriggerReply.self
            ).inspection
            // Without a line nothing was said that anybody may act on.
            guard reply.stored != .nowhere, reply.seq > 0 else { return .refused(.fault(.journalFailed)) }
            return .verdict(reply.verdict, reply.seq)
        case .useRecipe(let recipe):
            _ = try await client.request(
                .post, ControlPath.recipeUse, body: .json(UseRecipeRequest(recipe: recipe, camera: order.camera)),
                as: RecipeReply.self)
            return .done
        case .setLot(let lot):
            _ = try await client.request(
                .put, ControlPath.lots, body: .json(LotRequest(camera: order.camera, lot: lot)), as: LotListReply.self)
            return .done
        case .acknowledgeAlarm:
            _ = try await client.request(
                .post, ControlPath.ioAcknowledge, body: .json(IOAcknowledgeRequest(camera: order.camera)),
                as: IOReply.self)
            return .done
        case .acknowledgeResult: return .done
        }
    }

    private static func refusal(of action: ModbusOrder.Action, _ code: ErrorCode) -> Refusal {
        switch (action, code) {
        case (.trigger, .notFound), (.setLot, .notFound): .fault(.noSuchCamera)
        case (.trigger, .conflict): .notTriggered
        case (.trigger, .unavailable): .busy
        case (.trigger, .invalidRequest), (.setLot, .invalidRequest): .badText
        case (.useRecipe, .notFound): .noSuchRecipe
        default: .refused
        }
    }
}
