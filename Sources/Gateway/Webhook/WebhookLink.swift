import ControlClient
import Platform

/// A sink's way to a web server: each batch a POST of its own.
struct WebhookLink: SinkLink {
    let settings: WebhookSettings
    private var events: [LinkEvent] = []

    init(_ settings: WebhookSettings) { self.settings = settings }

    /// Nothing is held between two requests.
    mutating func open() { events.append(.opened) }

    mutating func close() {}

    mutating func send(_ tickets: [SinkCourse.Ticket], _ parcels: [SinkCourse.Parcel]) {
        let messages = parcels.compactMap { if case .line(let message) = $0 { message } else { nil } }
        // The state of the line is for brokers.
        guard !messages.isEmpty, let first = tickets.first else { return }
        switch WebhookRequest(settings).post(SinkBatch(messages)) {
        case .accepted: events += tickets.map { .accepted($0) }
        case .again(let words, let leastPause): events.append(.closed(words, leastPause: leastPause))
        case .refused(let words): events.append(.refused(first, words))
        }
    }

    mutating func wait(_ wake: WakeSignal, atMost limit: Duration) -> [LinkEvent] {
        if events.isEmpty { wake.wait(atMost: limit) }
        defer { events = [] }
        return events
    }

    mutating func finish(_ wake: WakeSignal, within limit: Duration) -> [LinkEvent] { [] }
}

/// One POST.
package struct WebhookRequest: Sendable {
    package let settings: WebhookSettings

    package init(_ settings: WebhookSettings) { self.settings = settings }

    /// Waits for the answer.
    package func post(_ batch: SinkBatch) -> WebhookAnswer {
        var exchange = Exchange(
            url: settings.url,
            route: .receiver(
                timeout: .seconds(settings.timeoutSeconds), ca: settings.ca.isEmpty ? nil : settings.ca), method: .post)
        exchange.body = batch.body
        do {
            exchange.headers = try headers(batch)
            // What it says besides is nobody's.
            let reply = try exchange.perform { _, _ in }
            return WebhookAnswer(status: reply.status, headers: reply.headers)
        } catch Exchange.Failure.address(let words), Exchange.Failure.unreachable(let words, _),
            Exchange.Failure.cut(_, let words)
        {
            return .again(words, leastPause: .zero)
        } catch {
            return .again(ErrorWords.of(error), leastPause: .zero)
        }
    }

    private func headers(_ batch: SinkBatch) throws -> [String] {
        var headers = ["Content-Type: application/jsonl", "Idempotency-Key: \(batch.key)"]
        if !settings.secretFile.isEmpty {
            // Read each time: one that was changed counts at once.
            let secret = try SecretFile.read(settings.secretFile)
            let signature = hexadecimal(HMAC.sha256(of: batch.body, key: Array(secret.utf8)))
            headers.append("Fsac-Signature: sha256=\(signature)")
        }
        return headers
    }
}
