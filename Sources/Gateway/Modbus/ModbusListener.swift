import CSystemd
import Glibc
import Platform

/// Why there is no port to listen on.
package enum ListenError: Error, Equatable, CustomStringConvertible {
    case nowhere
    case failed(address: String, errno: CInt)

    package var description: String {
        switch self {
        case .nowhere:
            "modbus: systemd passed no socket named modbus: start fsac-gateway-modbus.socket, or set modbus.listen"
        case .failed(let address, let code): "modbus: listen on \(address): \(ErrnoText.describe(code))"
        }
    }
}

/// The socket that PLCs connect to.
enum ModbusListener {
    /// - Returns: a socket that listens and does not block.
    static func open(_ address: ListenAddress?) throws(ListenError) -> CInt {
        let descriptor = if let address { try bound(address) } else { try passed() }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    /// - Returns: a client that does not block; nil = there is none, with errno.
    static func accept(_ listener: CInt) -> (descriptor: CInt, address: NetworkAddress?)? {
        var (storage, length) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
        let descriptor = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(listener, $0, &length) }
        }
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        return (descriptor, NetworkAddress(storage))
    }

    private static func passed() throws(ListenError) -> CInt {
        // Names and numbers come together (sd_listen_fds(3)); the first is 3.
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(0, &names)
        guard count > 0, let names else { throw .nowhere }
        for index in 0..<Int(count) {
            if let name = names[index], String(cString: name) == "modbus" { return CInt(3 + index) }
        }
        throw .nowhere
    }

    private static func bound(_ address: ListenAddress) throws(ListenError) -> CInt {
        let shown = "\(address.host):\(address.port)"
        func check(_ result: CInt) throws(ListenError) -> CInt {
            guard result >= 0 else { throw .failed(address: shown, errno: errno) }
            return result
        }
        let descriptor = try check(socket(address.family, CInt(SOCK_STREAM.rawValue), 0))
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        let result = address.withSocketAddress { bind(descriptor, $0, $1) }
        _ = try check(result)
        _ = try check(listen(descriptor, 64))
        return descriptor
    }
}
