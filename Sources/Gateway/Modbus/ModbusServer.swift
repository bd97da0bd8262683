import Glibc
import Platform
import Synchronization

/// The sockets of the Modbus server, on a thread of its own that waits for nothing but them: one that is silent, slow or gone holds
/// nobody else up.
final class ModbusServer: Sendable {
    private static let tick: CInt = 100

    private let listener: CInt
    private let settings: ModbusSettings
    /// A frame of an admitted client, which may write or not; gives the reply.
    private let answer: @Sendable (ModbusFrame, _ mayWrite: Bool) -> ModbusFrame
    /// Of the loop; whoever reads it sees whether it moves.
    let turns = Atomic<UInt64>(0)
    let clients = Atomic<Int>(0)

    init(
        _ settings: ModbusSettings,
        answer: @escaping @Sendable (ModbusFrame, _ mayWrite: Bool) -> ModbusFrame
    ) throws(ListenError) {
        listener = try ModbusListener.open(ListenAddress(settings.listen))
        self.settings = settings
        self.answer = answer
    }

    func start() {
        NamedThread.start("fsac-modbus") {
            var loop = Loop(server: self)
            while true { loop.turn() }
        }
    }

    private struct Client {
        let mayWrite: Bool
        var input: [UInt8] = []
        var output: [UInt8] = []
    }

    /// What the thread has for itself.
    private struct Loop {
        let server: ModbusServer
        var connections = ModbusConnections()
        var clients: [CInt: Client] = [:]
        var refused: Set<String> = []

        mutating func turn() {
            var polls = [pollfd(fd: server.listener, events: Int16(POLLIN), revents: 0)]
            for (descriptor, client) in clients {
                // Who does not take a reply is not asked for more.
                let events = client.output.isEmpty ? POLLIN : POLLOUT
                polls.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
            }
            _ = poll(&polls, nfds_t(polls.count), ModbusServer.tick)
            server.turns.wrappingAdd(1, ordering: .relaxed)
            for poll in polls.dropFirst() where poll.revents != 0 { serve(poll.fd) }
            if polls[0].revents != 0 { accept() }
            for descriptor in connections.overdue(at: .now) { close(descriptor) }
            server.clients.store(clients.count, ordering: .relaxed)
        }

        private mutating func accept() {
            guard let (descriptor, address) = ModbusListener.accept(server.listener) else {
                // Without descriptors the listener would wake the loop at once, again and again.
                if errno == EMFILE || errno == ENFILE { MonotonicTime.sleep(.milliseconds(50)) }
                return
            }
            guard let address, server.settings.allow.contains(where: { $0.contains(address) }) else {
                _ = Glibc.close(descriptor)
                return complain(address?.description ?? "?")
            }
            if let leaving = connections.admit(descriptor, at: .now) { drop(leaving) }
            clients[descriptor] = Client(
                mayWrite: server.settings.control.contains { $0.contains(address) })
        }

        /// Once for each address, and for no more than somebody reads.
        private mutating func complain(_ address: String) {
            guard refused.count < 100, refused.insert(address).inserted else { return }
            GatewayLog.say(.warning, "modbus: \(address) is not in modbus.allow: refused")
        }

        private mutating func serve(_ descriptor: CInt) {
            guard clients[descriptor] != nil else { return }
            guard receive(descriptor), send(descriptor) else { return close(descriptor) }
        }

        /// - Returns: false = the client has left, or speaks no Modbus.
        private mutating func receive(_ descriptor: CInt) -> Bool {
            guard var client = clients[descriptor], client.output.isEmpty else { return true }
            var buffer = [UInt8](repeating: 0, count: 4 * ModbusFrame.mostBytes)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
            client.input += buffer[..<count]
            do throws(NoModbus) {
                while let frame = try ModbusFrame.next(in: &client.input) {
                    client.output += server.answer(frame, client.mayWrite).bytes
                    connections.ask(descriptor, at: .now)
                }
            } catch {
                return false
            }
            clients[descriptor] = client
            return true
        }

        private mutating func send(_ descriptor: CInt) -> Bool {
            guard var client = clients[descriptor] else { return true }
            while !client.output.isEmpty {
                let count = Glibc.send(descriptor, client.output, client.output.count, CInt(MSG_NOSIGNAL))
                if count < 0, errno == EAGAIN || errno == EINTR { break }
                guard count > 0 else { return false }
                client.output.removeFirst(count)
            }
            clients[descriptor] = client
            connections.send(descriptor, isBlocked: !client.output.isEmpty, at: .now)
            return true
        }

        private mutating func close(_ descriptor: CInt) {
            connections.leave(descriptor)
            drop(descriptor)
        }

        private mutating func drop(_ descriptor: CInt) {
            clients[descriptor] = nil
            _ = Glibc.close(descriptor)
        }
    }
}
