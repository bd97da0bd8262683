import Platform

/// A sink's way to a broker.
struct MQTTLink: SinkLink {
    let settings: BrokerSettings
    let name: String
    let topics: MQTTTopics
    private let clerk: CommandClerk
    private var client: MQTTClient?
    /// What the broker's acknowledgements are of.
    private var tickets: [CInt: (ticket: SinkCourse.Ticket, topic: String)] = [:]
    /// What happened without the broker.
    private var events: [LinkEvent] = []

    init(_ settings: BrokerSettings, name: String, station: String, clerk: CommandClerk) {
        self.settings = settings
        self.name = name
        self.clerk = clerk
        topics = MQTTTopics(station: station)
    }

    mutating func open() {
        close()
        do {
            let client = try newClient()
            try client.connect(host: settings.address.host, port: settings.address.port)
            self.client = client
        } catch {
            events.append(.closed((error as? MQTTClient.Failure)?.words ?? ErrorWords.of(error)))
        }
    }

    private func newClient() throws -> MQTTClient {
        // Read each time: a password that was changed counts from the next connection on.
        let password = settings.passwordFile.isEmpty ? nil : try SecretFile.read(settings.passwordFile)
        return try MQTTClient(
            name: "fsac-\(topics.station)-\(name)", user: settings.user.isEmpty ? nil : settings.user,
            password: password, ca: settings.ca.isEmpty ? nil : settings.ca, usesTLS: settings.address.usesTLS,
            will: MQTTClient.Will(topic: topics.state, payload: StationState.only("offline", station: topics.station)))
    }

    mutating func close() {
        (client, tickets) = (nil, [:])
    }

    mutating func send(_ tickets: [SinkCourse.Ticket], _ parcels: [SinkCourse.Parcel]) {
        for (ticket, parcel) in zip(tickets, parcels) {
            let message = message(parcel)
            guard let client else { return }
            do {
                self.tickets[try client.publish(message)] = (ticket, message.topic)
            } catch {
                // Before it was sent at all: the broker said at the beginning what it does not take.
                events.append(.refused(ticket, "\(message.topic): \(error.words)"))
            }
        }
    }

    private func message(_ parcel: SinkCourse.Parcel) -> MQTTClient.Message {
        switch parcel {
        case .state(let payload): MQTTClient.Message(topic: topics.state, payload: payload, isRetained: true)
        case .statistics(let payload):
            MQTTClient.Message(topic: topics.statistics, payload: payload, isRetained: true, isCertain: false)
        case .line(let message):
            MQTTClient.Message(
                topic: topics.topic(of: message.subject), payload: message.payload,
                isRetained: message.subject == .anchor,
                properties: MQTTTopics.properties(of: message))
        }
    }

    mutating func wait(_ wake: WakeSignal, atMost limit: Duration) -> [LinkEvent] {
        let limit = events.isEmpty ? limit : .zero
        if let client {
            for event in client.wait(wake, atMost: limit) { take(event, client) }
            sendAnswers()
        } else {
            wake.wait(atMost: limit)
        }
        defer { events = [] }
        return events
    }

    private mutating func take(_ event: MQTTClient.Event, _ client: MQTTClient) {
        switch event {
        case .connected:
            subscribe(client)
            events.append(.opened)
        case .arrived(let message):
            guard let kind = settings.commands.first(where: { topics.topic(of: $0) == message.topic }) else { return }
            clerk.take(message, kind)
        case .refused(let code): end(MQTTReason.words(code))
        case .disconnected(let code): end(client.words(code), MQTTReason.ending(code))
        case .acknowledged(let number, let code):
            guard let (ticket, topic) = tickets.removeValue(forKey: number) else { return }
            events.append(
                MQTTReason.isRefusal(code) ? .refused(ticket, MQTTReason.words(code, topic: topic)) : .accepted(ticket))
        }
    }

    private func subscribe(_ client: MQTTClient) {
        for command in settings.commands {
            do {
                try client.subscribe(topics.topic(of: command))
            } catch {
                GatewayLog.say(.error, "sink \(name): no command \(command.rawValue) can come: \(error.words)")
            }
        }
    }

    private func sendAnswers() {
        for answer in clerk.fetch() {
            // Who asks and is gone hears nothing, and asks again.
            _ = try? client?.publish(
                MQTTClient.Message(topic: answer.topic, payload: answer.payload, correlation: answer.correlation))
        }
    }

    /// The first reason is the one: what follows it only says that the connection is gone.
    private mutating func end(_ words: String, _ ending: SinkCourse.Ending = .failed) {
        guard client != nil else { return }
        close()
        events.append(.closed(words, ending))
    }

    mutating func finish(_ wake: WakeSignal, within limit: Duration) -> [LinkEvent] {
        guard let client else { return [] }
        let end = ContinuousClock.now + limit
        let stopped = MQTTClient.Message(
            topic: topics.state, payload: StationState.only("stopped", station: topics.station), isRetained: true)
        let number = try? client.publish(stopped)
        var isTold = number == nil
        while !isTold, self.client != nil, .now < end {
            for event in client.wait(wake, atMost: .milliseconds(50)) {
                if case .acknowledged(number, _) = event { isTold = true }
                take(event, client)
            }
        }
        client.disconnect()
        _ = client.wait(wake, atMost: .zero)
        defer { events = [] }
        return events
    }
}
