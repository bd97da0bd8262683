import CSystemd
import Glibc
import Logging

/// Sockets that systemd has bound and passes in (sd_listen_fds(3)): so the daemon needs no network of its own.
struct PassedSockets {
    private static let firstDescriptor: CInt = 3
    /// Of the unit `fsacd-actions.socket`.
    private static let actionsName = "actions"

    /// The operator's page's; nil = none was passed.
    var page: CInt?
    /// Of the place where the page may act.
    var actions: CInt?

    /// Takes them. Others are left alone. Called once, at the start.
    init(_ logger: Logger) {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        defer {
            for index in 0..<Int(max(0, count)) { free(names?[index]) }
            free(names)
        }
        if count < 0 {
            logger.error("page: systemd's sockets cannot be taken", metadata: ["errno": "\(-count)"])
        }
        for index in 0..<max(0, count) {
            let descriptor = Self.firstDescriptor + index
            let name = names?[Int(index)].map { String(cString: $0) }
            guard
                sd_is_socket(descriptor, AF_INET, CInt(SOCK_STREAM.rawValue), 1) > 0
                    || sd_is_socket(descriptor, AF_INET6, CInt(SOCK_STREAM.rawValue), 1) > 0
            else {
                logger.warning(
                    "a socket was passed that is no listening TCP socket: it is not used",
                    metadata: ["descriptor": "\(descriptor)"])
                continue
            }
            if name == Self.actionsName { actions = actions ?? descriptor } else { page = page ?? descriptor }
        }
    }
}
