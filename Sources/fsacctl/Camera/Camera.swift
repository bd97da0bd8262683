import ArgumentParser
import Capture
import Settings

/// `fsacctl camera`: before a recipe uses them, and when one does not work. The devices are asked, not the daemon, so
/// the user needs the group `video` and nothing else; questions disturb no stream, and only a snapshot needs a camera
/// that nobody holds.
struct Camera: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the cameras of this computer, without the daemon.",
        subcommands: [CameraList.self, CameraFormats.self, CameraControls.self, CameraSnapshot.self],
        defaultSubcommand: CameraList.self)
}

/// Which camera, and how to print.
struct CameraOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A node or link from `fsacctl camera list` (default: the only camera).", valueName: "path"),
        completion: .file())
    var device: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// The path that was given, or the one of the only camera.
    ///
    /// Of several none is chosen: which one is first changes with every start of the computer.
    func path() throws -> String {
        if let device { return device }
        let cameras = CameraCatalogue().cameras
        guard let camera = cameras.first else { throw ClientError.noCamera }
        guard cameras.count == 1 else {
            throw ValidationError(
                "\(cameras.count) cameras: choose one with --device; `fsacctl camera list` shows them")
        }
        // The name that stays, so that what is printed can go into the configuration.
        return camera.links.first ?? camera.node
    }

    /// Opens the camera; asks it questions only.
    func open() throws -> V4L2Device {
        let path = try path()
        let device = try camera(path) { () throws(DeviceFailure) in try V4L2Device(path: path) }
        // A camera has several nodes, and the one for metadata opens just as well.
        guard device.identity.kind == .capture else {
            throw ClientError.camera(.notACamera(path: path, kind: device.identity.kind.rawValue))
        }
        return device
    }
}

/// Runs requests to the device at a path.
///
/// The device's own errors know no path, and who holds it is looked up only when it is busy.
///
/// - Throws: ``ClientError`` that says who holds the camera, if somebody does.
func camera<Answer>(_ path: String, _ body: () throws(DeviceFailure) -> Answer) throws(ClientError) -> Answer {
    do {
        return try body()
    } catch {
        throw .camera(CaptureError(error, path: path, system: V4L2System()))
    }
}

/// `fsacctl camera list`
struct CameraList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the cameras and the names under which they stay.",
        discussion: """
            A link by-path names the socket, by-id the camera itself. Put one into camera.device, never /dev/video0: \
            numbers change.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let entries = CameraCatalogue().entries
        if json { return try printJSON(entries.map(CameraReport.init)) }
        // Exit code 0: that there is none is an answer. The kernel's log says whether anything was plugged in at all.
        guard !entries.isEmpty else {
            return Terminal.say("no cameras: nothing at /dev/video*; see `journalctl -k` when one is plugged in")
        }
        for entry in entries {
            switch entry.identity {
            case .success(let identity) where identity.kind == .capture:
                // The first link is the one to use: by the socket, which stays when a camera is replaced by one of its
                // kind.
                var block = Block()
                block.add("camera", Style.strong(entry.links.first ?? entry.node))
                for link in entry.links.dropFirst() { block.add("", link) }
                block.add("node", entry.node)
                block.add("card", identity.card)
                block.add("bus", identity.bus)
                block.add("driver", identity.driver)
                Terminal.write(block.text + "\n")
            case .success(let identity):
                Terminal.say(Style.faint("\(entry.node)  \(identity.card): \(Self.text(of: identity.kind))"))
            case .failure(let failure):
                Terminal.say("\(entry.node)  \(CaptureError(failure, path: entry.node, system: V4L2System()))")
            }
        }
    }

    private static func text(of kind: DeviceIdentity.Kind) -> String {
        switch kind {
        case .capture: "camera"
        case .metadata: "metadata of a camera, no pictures"
        case .multiplanar: "a camera with several planes a frame, which fsac does not read"
        case .other: "no capture device, or one without a source now"
        }
    }
}

/// What `--json` says of a node: what it is, or the `problem` that kept it from saying so.
private struct CameraReport: Encodable {
    var node: String
    var links: [String]
    var kind: String?
    var driver: String?
    var card: String?
    var bus: String?
    var problem: String?

    init(_ entry: CameraCatalogue.Entry) {
        node = entry.node
        links = entry.links
        switch entry.identity {
        case .success(let identity):
            kind = identity.kind.rawValue
            driver = identity.driver
            card = identity.card
            bus = identity.bus
        case .failure(let failure):
            problem = CaptureError(failure, path: entry.node, system: V4L2System()).description
        }
    }
}

extension Terminal {
    /// A line on standard output.
    static func say(_ text: String) { write(text + "\n") }
}
