import CMosquitto

/// What a broker says of a connection or a message (MQTT 5, 2.4), and what it means here.
package enum MQTTReason {
    /// Whether a message did not arrive. Below are successes; 0x10 = nobody subscribes to it, which is no matter of ours.
    static func isRefusal(_ code: CInt) -> Bool { code >= 0x80 }

    /// - Parameter code: of MQTT from 0x80 on, of libmosquitto below.
    static func ending(_ code: CInt) -> SinkCourse.Ending {
        switch code {
        case 0x8E: .takenOver
        case CInt(MOSQ_ERR_CONN_LOST.rawValue): .dropped
        default: .failed
        }
    }

    /// - Parameter topic: of the message that was refused; nil = the connection.
    package static func words(_ code: CInt, topic: String? = nil) -> String {
        let place = topic.map { "the broker refuses \($0)" } ?? "the broker refuses the connection"
        let number = "0x" + String(code, radix: 16, uppercase: true)
        return switch code {
        case 0x85: "\(place): \(number): it takes no client of this name"
        case 0x86: "\(place): \(number) bad user name or password: look at user and password_file"
        case 0x87 where topic == nil:
            "\(place): \(number) not authorized: it does not know the user, or wants a password: look at user and password_file"
        case 0x87: "\(place): \(number) not authorized: its access list has to let this user write there"
        case 0x88, 0x89: "\(place): \(number): it has no room for us now"
        case 0x8A: "\(place): \(number) banned: its administrator has to allow this client"
        case 0x8B: "the broker is shutting down (\(number))"
        case 0x8D: "the broker heard nothing of us for too long (\(number))"
        case 0x8E:
            "taken over (\(number)): another client with the same name is connected: two gateways have the same station "
                + "and sink name"
        case 0x90: "\(place): \(number): it does not take this topic"
        case 0x95: "\(place): \(number) too large: raise its limit (message_size_limit, max_packet_size)"
        case 0x96, 0x9F: "\(place): \(number): too many for it in this time"
        case 0x97: "\(place): \(number) quota exceeded: its store is full"
        case 0x98: "the broker's administrator ended the connection (\(number))"
        case 0x99: "\(place): \(number): it does not take this payload"
        case 0x9A: "\(place): \(number): it keeps no retained messages, which the state needs"
        case 0x9B:
            "\(place): \(number): it does not acknowledge messages (QoS 1), without which none can be said to have arrived"
        default: "\(place): \(number) \(String(cString: mosquitto_reason_string(code)))"
        }
    }
}
