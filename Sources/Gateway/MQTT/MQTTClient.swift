import CMosquitto
import Glibc
import Synchronization

/// One connection to a broker, from its beginning to its end: libmosquitto's, which is told to begin anew each time, so that nothing
/// waits in its memory that the journal has. All calls, and all calls back, are on the thread that made it.
final class MQTTClient {
    enum Event {
        case connected
        case refused(code: CInt)
        /// - Parameter code: of MQTT from 0x80 on, of libmosquitto below.
        case disconnected(code: CInt)
        case acknowledged(number: CInt, code: CInt)
        case arrived(Arrival)
    }

    /// Of a topic that was subscribed to, and not kept by the broker for whoever comes.
    struct Arrival {
        let topic: String
        let payload: [UInt8]
        /// Where an answer is wanted.
        let responseTopic: String?
        let correlation: [UInt8]?
    }

    struct Failure: Error {
        let words: String
    }

    struct Will {
        let topic: String
        let payload: [UInt8]
    }

    struct Message {
        let topic: String
        let payload: [UInt8]
        var isRetained = false
        /// Acknowledged (QoS 1), or sent once (QoS 0).
        var isCertain = true
        var properties: [(name: String, value: String)] = []
        var correlation: [UInt8]?
    }

    /// Silence after which each side asks, and leaves when there is no answer for as long again.
    private static let keepAliveSeconds: CInt = 10
    /// The will comes so much later: a connection that breaks and is back is no failure.
    private static let willDelaySeconds: UInt32 = 5

    private let handle: OpaquePointer
    private var events: [Event] = []
    /// Libmosquitto's last complaint: of TLS it says the reason nowhere else.
    private var complaint = ""

    private static let isReady = mosquitto_lib_init() == success

    /// - Parameter name: by which the broker knows the client.
    init(name: String, user: String?, password: String?, ca: String?, usesTLS: Bool, will: Will) throws(Failure) {
        guard Self.isReady, let handle = mosquitto_new(name, true, nil) else { throw Failure(words: "out of memory") }
        self.handle = handle
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        setCallbacks()
        try check(mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5))
        try check(mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, CInt(SinkCourse.mostUnacknowledged)))
        try check(mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1))
        if let user { try check(mosquitto_username_pw_set(handle, user, password)) }
        if usesTLS {
            // Not the environment's: a certificate of anybody else is none.
            try check(mosquitto_tls_set(handle, ca, ca == nil ? "/etc/ssl/certs" : nil, nil, nil, nil))
            try check(mosquitto_tls_opts_set(handle, 1, "tlsv1.2", nil))
        }
        var properties: OpaquePointer?
        try check(
            mosquitto_property_add_int32(&properties, number(MQTT_PROP_WILL_DELAY_INTERVAL), Self.willDelaySeconds))
        // Libmosquitto frees them.
        try check(
            mosquitto_will_set_v5(handle, will.topic, CInt(will.payload.count), will.payload, 1, true, properties))
    }

    deinit { mosquitto_destroy(handle) }

    /// Blocks while the network does.
    func connect(host: String, port: Int) throws(Failure) {
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        // As long as the will may wait: a session that ends at once sends it at once.
        try check(
            mosquitto_property_add_int32(
                &properties, number(MQTT_PROP_SESSION_EXPIRY_INTERVAL), 2 * Self.willDelaySeconds))
        let code = mosquitto_connect_bind_v5(handle, host, CInt(port), Self.keepAliveSeconds, nil, properties)
        guard code == success else { throw Failure(words: words(code)) }
    }

    /// QoS 1. What the broker keeps, or is to keep, is marked so.
    func subscribe(_ topic: String) throws(Failure) {
        let options = MQTT_SUB_OPT_SEND_RETAIN_NEVER.rawValue | MQTT_SUB_OPT_RETAIN_AS_PUBLISHED.rawValue
        try check(mosquitto_subscribe_v5(handle, nil, topic, 1, CInt(options), nil))
    }

    /// - Returns: the number of the acknowledgement that comes.
    func publish(_ message: Message) throws(Failure) -> CInt {
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        try check(mosquitto_property_add_string(&properties, number(MQTT_PROP_CONTENT_TYPE), "application/json"))
        for (name, value) in message.properties {
            try check(mosquitto_property_add_string_pair(&properties, number(MQTT_PROP_USER_PROPERTY), name, value))
        }
        if let correlation = message.correlation {
            try check(
                mosquitto_property_add_binary(
                    &properties, number(MQTT_PROP_CORRELATION_DATA), correlation, UInt16(correlation.count)))
        }
        var number: CInt = 0
        try check(
            mosquitto_publish_v5(
                handle, &number, message.topic, CInt(message.payload.count), message.payload,
                message.isCertain ? 1 : 0, message.isRetained, properties))
        return number
    }

    /// The end that sends no will.
    func disconnect() {
        _ = mosquitto_disconnect_v5(handle, 0, nil)
    }

    /// Waits for the broker, for a wake or for the time, and gives what has happened since the last call.
    func wait(_ wake: WakeSignal, atMost limit: Duration) -> [Event] {
        let socket = mosquitto_socket(handle)
        guard socket >= 0 else {
            if events.isEmpty { wake.wait(atMost: limit) }
            return taken()
        }
        wake.wait(
            socket, mosquitto_want_write(handle) ? POLLIN | POLLOUT : POLLIN, atMost: events.isEmpty ? limit : .zero)
        // Of sockets that are not ready both return at once; a failure calls back.
        _ = mosquitto_loop_read(handle, 100)
        _ = mosquitto_loop_write(handle, 1)
        _ = mosquitto_loop_misc(handle)
        return taken()
    }

    private func taken() -> [Event] {
        defer { events = [] }
        return events
    }

    /// Of a failure by libmosquitto's code.
    func words(_ code: CInt) -> String {
        if code >= 0x80 { return MQTTReason.words(code) }
        var words =
            code == mosquitto(MOSQ_ERR_ERRNO)
            ? String(cString: strerror(errno)) : String(cString: mosquitto_strerror(code))
        if words.hasSuffix(".") { words.removeLast() }
        return complaint.isEmpty ? words : "\(words): \(complaint)"
    }

    private func check(_ code: CInt) throws(Failure) {
        guard code == success else { throw Failure(words: words(code)) }
    }

    // MARK: Calls back

    private func setCallbacks() {
        mosquitto_connect_v5_callback_set(handle) { _, context, code, _, _ in
            MQTTClient.of(context)?.events.append(code == 0 ? .connected : .refused(code: code))
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, code, _ in
            MQTTClient.of(context)?.events.append(.disconnected(code: code))
        }
        mosquitto_publish_v5_callback_set(handle) { _, context, number, code, _ in
            MQTTClient.of(context)?.events.append(.acknowledged(number: number, code: code))
        }
        mosquitto_message_v5_callback_set(handle) { _, context, message, properties in
            guard let message, !message.pointee.retain, let arrival = MQTTClient.Arrival(message.pointee, properties)
            else { return }
            MQTTClient.of(context)?.events.append(.arrived(arrival))
        }
        mosquitto_log_callback_set(handle) { _, context, level, text in
            guard level & (MOSQ_LOG_ERR | MOSQ_LOG_WARNING) != 0, let text else { return }
            MQTTClient.of(context)?.complaint = String(cString: text)
        }
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> MQTTClient? {
        context.map { Unmanaged<MQTTClient>.fromOpaque($0).takeUnretainedValue() }
    }
}

extension MQTTClient.Arrival {
    /// - Returns: nil when the topic is none.
    fileprivate init?(_ message: mosquitto_message, _ properties: OpaquePointer?) {
        guard let topic = message.topic else { return nil }
        self.topic = String(cString: topic)
        payload = Array(UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen)))
        var text: UnsafeMutablePointer<CChar>?
        mosquitto_property_read_string(properties, number(MQTT_PROP_RESPONSE_TOPIC), &text, false)
        defer { free(text) }
        responseTopic = text.map { String(cString: $0) }
        var (bytes, count) = (UnsafeMutableRawPointer?.none, UInt16(0))
        mosquitto_property_read_binary(properties, number(MQTT_PROP_CORRELATION_DATA), &bytes, &count, false)
        defer { free(bytes) }
        correlation = bytes.map { Array(UnsafeRawBufferPointer(start: $0, count: Int(count))) }
    }
}

private let success = mosquitto(MOSQ_ERR_SUCCESS)

private func mosquitto(_ code: mosq_err_t) -> CInt { CInt(code.rawValue) }

private func number(_ property: mqtt5_property) -> CInt { CInt(property.rawValue) }
