import Glibc
import Platform
import Synchronization

/// A connection to a device that is asked by Modbus TCP. One question at a time: threads that share it wait for each other.
///
/// One that failed is of no use any more: what comes late must not be taken for the answer to something else.
final class ModbusConnection: Sendable {
    private struct State {
        var transaction: UInt16 = 0
        var failure: DeviceError?
    }

    private let descriptor: CInt
    private let unit: UInt8
    private let patience: Duration
    private let state = Mutex(State())

    /// - Parameter patience: for the connection, and for each answer.
    init(_ device: DeviceSettings) throws(DeviceError) {
        (unit, patience) = (UInt8(device.unit), device.timeout)
        descriptor = socket(device.address.family, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .unreachable(errno: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        let begun = device.address.withSocketAddress { Glibc.connect(descriptor, $0, $1) }
        guard begun == 0 || errno == EINPROGRESS else { throw .unreachable(errno: errno) }
        guard wait(for: POLLOUT, until: .now + patience) else { throw .silent(patience) }
        var (code, length) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw .unreachable(errno: code) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    @discardableResult
    func ask(_ call: ModbusCall) throws(DeviceError) -> ModbusCall.Answer {
        try state.withLock { state throws(DeviceError) in
            if let failure = state.failure { throw failure }
            state.transaction &+= 1
            do throws(DeviceError) {
                return try exchange(call, state.transaction)
            } catch {
                if case .refused = error { throw error }
                state.failure = error
                throw error
            }
        }
    }

    /// - Throws: when the device does not say afterwards that they are so.
    func setOutputs(_ outputs: [Bool], _ module: ModuleSettings) throws(DeviceError) {
        guard !outputs.isEmpty else { return }
        try ask(.writeCoils(address: module.outputsAt, outputs))
        let answer = try ask(.readCoils(address: module.outputsReadAt, count: outputs.count))
        guard answer == .bits(outputs) else { throw .notTaken }
    }

    private func exchange(_ call: ModbusCall, _ transaction: UInt16) throws(DeviceError) -> ModbusCall.Answer {
        let end = ContinuousClock.now + patience
        try send(ModbusFrame(transaction: transaction, unit: unit, pdu: call.pdu).bytes, until: end)
        let frame = try receive(until: end)
        guard frame.transaction == transaction, frame.unit == unit else { throw .nonsense }
        return try call.answer(frame.pdu)
    }

    private func send(_ bytes: [UInt8], until end: ContinuousClock.Instant) throws(DeviceError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) }
            guard count < 0 else { continue }
            guard errno == EAGAIN || errno == EINTR else { throw .gone }
            guard wait(for: POLLOUT, until: end) else { throw .silent(patience) }
        }
    }

    private func receive(until end: ContinuousClock.Instant) throws(DeviceError) -> ModbusFrame {
        var (input, buffer) = ([UInt8](), [UInt8](repeating: 0, count: ModbusFrame.mostBytes))
        while true {
            guard wait(for: POLLIN, until: end) else { throw .silent(patience) }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR) else { throw .gone }
            input += buffer[..<max(0, count)]
            let frame: ModbusFrame?
            do throws(NoModbus) { frame = try ModbusFrame.next(in: &input) } catch { throw .nonsense }
            guard let frame else { continue }
            // What follows is the answer to nothing.
            guard input.isEmpty else { throw .nonsense }
            return frame
        }
    }

    /// - Returns: false = the time is over.
    private func wait(for events: CInt, until end: ContinuousClock.Instant) -> Bool {
        while true {
            let left = max(.zero, end - .now)
            var file = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&file, 1, CInt((left / .milliseconds(1)).rounded(.up)))
            if count > 0 { return true }
            guard count < 0, errno == EINTR else { return false }
        }
    }
}
