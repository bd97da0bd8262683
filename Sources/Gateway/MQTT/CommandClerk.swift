import ControlClient
import ControlProtocol
import Platform
import Synchronization

/// Carries out what clients of a broker ask for, one after the other. Nobody waits for it: answers are fetched.
final class CommandClerk: Sendable {
    struct Answer: Sendable {
        let topic: String
        /// By which the sender knows its question.
        let correlation: [UInt8]?
        let payload: [UInt8]
    }

    /// That wait for their turn; more are refused.
    private static let mostWaiting = 16

    private let client: DaemonClient
    private let wake: WakeSignal
    private let answers = Mutex<[Answer]>([])
    private let commands: AsyncStream<@Sendable () async -> Void>.Continuation

    /// - Parameter wake: of whoever fetches answers.
    init(_ client: DaemonClient, wake: WakeSignal) {
        (self.client, self.wake) = (client, wake)
        let (stream, commands) = AsyncStream.makeStream(
            of: (@Sendable () async -> Void).self, bufferingPolicy: .bufferingOldest(Self.mostWaiting))
        self.commands = commands
        Task { for await command in stream { await command() } }
    }

    deinit { commands.finish() }

    func take(_ message: MQTTClient.Arrival, _ kind: StationCommand.Kind) {
        let command: StationCommand
        do throws(RequestProblem) {
            command = try StationCommand(kind, message.payload)
        } catch {
            return answer(message, ErrorReply.Body(code: .invalidRequest, message: "\(error)"))
        }
        let outcome = commands.yield { [weak self] in
            guard let self else { return }
            answer(message, await refusal(of: command))
        }
        if case .dropped = outcome {
            answer(message, ErrorReply.Body(code: .unavailable, message: "too many commands wait: ask again later"))
        }
    }

    func fetch() -> [Answer] {
        answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
    }

    /// Nil = it was done.
    private func refusal(of command: StationCommand) async -> ErrorReply.Body? {
        do {
            switch command.request {
            case .recipe(let request):
                _ = try await client.request(.post, ControlPath.recipeUse, body: .json(request), as: RecipeReply.self)
            case .lot(let request):
                _ = try await client.request(.put, ControlPath.lots, body: .json(request), as: LotListReply.self)
            }
            return nil
        } catch DaemonError.refused(let body) {
            return body
        } catch {
            return ErrorReply.Body(code: .unavailable, message: ErrorWords.of(error))
        }
    }

    private func answer(_ message: MQTTClient.Arrival, _ error: ErrorReply.Body?) {
        let words = error.map { "refused: \($0.message)" } ?? "done"
        GatewayLog.say(error == nil ? .notice : .warning, "mqtt: \(message.topic): \(words)")
        // Two texts and a truth: always JSON.
        guard let topic = message.responseTopic, let payload = try? ControlCoding.encode(StationCommand.Answer(error))
        else { return }
        let answer = Answer(topic: topic, correlation: message.correlation, payload: [UInt8](payload))
        answers.withLock { answers in
            if answers.count < Self.mostWaiting { answers.append(answer) }
        }
        wake.wake()
    }
}
