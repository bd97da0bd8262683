import CSystemd
import Glibc
import Logging

/// Sockets that systemd has bound and passes in (sd_listen_fds(3)): so the daemon needs no network of its own.
enum PassedSockets {
    private static let firstDescriptor: CInt = 3

    /// The operator's page's; nil = none was passed. Others are left alone. Called once, at the start.
    static func page(_ logger: Logger) -> CInt? {
        let count = sd_listen_fds(1)
        if count < 0 {
            logger.error("page: systemd's sockets cannot be taken", metadata: ["errno": "\(-count)"])
        }
        for descriptor in firstDescriptor..<(firstDescriptor + max(0, count)) {
            if sd_is_socket(descriptor, AF_INET, CInt(SOCK_STREAM.rawValue), 1) > 0
                || sd_is_socket(descriptor, AF_INET6, CInt(SOCK_STREAM.rawValue), 1) > 0
            {
                return descriptor
            }
            logger.warning(
                "a socket was passed that is no listening TCP socket: it is not used",
                metadata: ["descriptor": "\(descriptor)"])
        }
        return nil
    }
}
