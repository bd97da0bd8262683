import Glibc

/// The video nodes of this computer.
package struct CameraCatalogue {
    package struct Entry {
        /// `/dev/video0`
        package var node: String
        /// Names that stay: by path (the socket it is plugged into) first, then by id (the camera itself), then others.
        package var links: [String]
        /// Or why it could not be asked.
        package var identity: Result<DeviceIdentity, DeviceFailure>
    }

    package let entries: [Entry]

    /// Asks every node who it is; that disturbs nobody who uses it, for opening is shared and only streaming is not.
    /// May wait for a driver. Used by fsacctl, not by the daemon, which looks at its own camera's path alone.
    package init() {
        let links = Self.links()
        let nodes = V4L2System.names(in: "/dev").compactMap { name -> Int? in
            name.hasPrefix("video") ? Int(name.dropFirst("video".count)) : nil
        }
        entries = nodes.sorted().map { number in
            let node = "/dev/video\(number)"
            let identity = Result { () throws(DeviceFailure) in
                let device = try V4L2Device(path: node)
                defer { device.close() }
                return device.identity
            }
            return Entry(node: node, links: links[node] ?? [], identity: identity)
        }
    }

    /// Cameras, not their metadata nodes and not outputs.
    /// Those that could not be asked are not among them either.
    package var cameras: [Entry] {
        entries.filter { entry in
            if case .success(let identity) = entry.identity { identity.kind == .capture } else { false }
        }
    }

    /// Links to video nodes, by node.
    private static func links() -> [String: [String]] {
        var links: [String: [String]] = [:]
        for folder in ["/dev/v4l/by-path", "/dev/v4l/by-id", "/dev"] {
            for name in V4L2System.names(in: folder) {
                let path = "\(folder)/\(name)"
                guard V4L2System().isLink(path) == true, let node = V4L2System.resolved(path),
                    node.hasPrefix("/dev/video")
                else { continue }
                links[node, default: []].append(path)
            }
        }
        return links
    }
}
