import ControlProtocol
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// HTTP/1.1, with a place for each connection (``ConnectionPlaces``) and a gate before each request
/// (``RequestGate``).
///
/// The kernel is asked who connects before anything is read: a client that sends its request and leaves at once is gone when the
/// request is carried out, and so is its socket.
struct ControlChannel: HTTPChannelHandler {
    /// One client. The server may end before it handles one that it has accepted: that one is closed here, for swift-nio
    /// traps when a channel that is wrapped for concurrency is neither used nor closed.
    final class Connection: ServerChildChannelValue {
        let channel: any Channel
        let peer: Peer?
        private let http: HTTP1Channel.Value
        private let isHandled = Atomic(false)

        init(_ http: HTTP1Channel.Value, peer: Peer?) {
            channel = http.channel
            self.http = http
            self.peer = peer
        }

        deinit {
            guard !isHandled.load(ordering: .acquiring) else { return }
            // Nobody waits for it any more, and there is nobody to tell of an error.
            Task { [http] in try? await http.executeThenClose { _, _ in } }
        }

        func take() -> HTTP1Channel.Value {
            isHandled.store(true, ordering: .releasing)
            return http
        }
    }

    let responder: Responder
    let settings: ControlSettings
    let routes: ControlResponder
    let connections: ControlConnections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        // On the event loop, right after accept(2): the answer is there at once.
        let peer =
            (channel as? any SocketOptionProvider)?.unsafeGetSocketOption(
                level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_PEERCRED)
            ).map(Peer?.some) ?? channel.eventLoop.makeSucceededFuture(nil)
        return peer.flatMap { peer in
            let place = connections.admit(channel, isRoot: peer?.uid == 0)
            let http = HTTP1Channel(responder: responder, configuration: configuration(place))
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ByteNotice())
            }.flatMap { http.setup(channel: channel, logger: logger) }.map { Connection($0, peer: peer) }
        }
    }

    func handle(value: Connection, logger: Logger) async {
        // Every request of the connection is handled within.
        await Peer.$current.withValue(value.peer) { await handleHTTP(asyncChannel: value.take(), logger: logger) }
    }

    private func configuration(_ place: ControlConnections.Place?) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                RequestGate(place: place, settings: settings, routes: routes, connections: connections)
            ],
            // The gate's are the only deadlines.
            idleTimeout: nil,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: ControlLimits.headerBytes, maxHeaderListSize: ControlLimits.headerBytes,
                maxHeaderFieldCount: 100))
    }
}

/// Every connection there is, and the memory for their requests. Asked on event loops: nothing here waits.
final class ControlConnections: Sendable {
    typealias Place = ConnectionPlaces<ObjectIdentifier>.Place

    /// Places beyond those of the settings.
    private static let (root, vital) = (4, 8)

    private struct State {
        var places: ConnectionPlaces<ObjectIdentifier>
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    /// Bytes of pictures that are on their way.
    let uploads = Budget(3 * ControlLimits.imageBytes)
    private let state: Mutex<State>

    init(ordinary: Int) {
        state = Mutex(State(places: ConnectionPlaces(ordinary: ordinary, root: Self.root, vital: Self.vital)))
    }

    /// - Returns: nil = there is no place.
    func admit(_ channel: any Channel, isRoot: Bool) -> Place? {
        let id = ObjectIdentifier(channel)
        let (place, leaving) = state.withLock { state in
            let (place, leaving) = state.places.admit(id, isRoot: isRoot)
            if place != nil { state.channels[id] = channel }
            return (place, leaving.flatMap { state.channels.removeValue(forKey: $0) })
        }
        leaving?.close(promise: nil)
        return place
    }

    /// - Returns: false = it lost its place to another one, and is being closed.
    func begin(_ channel: any Channel) -> Bool { state.withLock { $0.places.begin(ObjectIdentifier(channel)) } }

    func end(_ channel: any Channel) { state.withLock { $0.places.end(ObjectIdentifier(channel)) } }

    /// Whatever they are at.
    func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }

    func leave(_ channel: any Channel) {
        state.withLock { state in
            state.places.leave(ObjectIdentifier(channel))
            state.channels[ObjectIdentifier(channel)] = nil
        }
    }
}
