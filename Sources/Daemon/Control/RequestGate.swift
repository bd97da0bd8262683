import ControlProtocol
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// The first bytes of a request, which may be long before its head is complete.
enum BytesCame { case some }

/// Stands in front of the decoder.
final class ByteNotice: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireUserInboundEventTriggered(BytesCame.some)
        context.fireChannelRead(data)
    }
}

/// Lets a request through when it is complete, and answers itself what is too large, too slow, malformed, or too much at once:
/// what breaks off was no request, and memory for bodies is taken before they come.
///
/// Deadlines are for receiving, in absolute time: bytes that trickle in do not extend them. Work has none, nor has a stream; a
/// reply that the client does not read has. One for each connection, bound to its event loop: no lock.
final class RequestGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Phase {
        case waiting(isHeadBegun: Bool)
        case receiving(Receipt)
        /// With the memory that its picture has.
        case answering(isStream: Bool, share: Budget.Share?)
        /// Answered from here: what still comes is dropped until the client has read it.
        case refusing
    }

    private struct Receipt {
        let head: HTTPRequest
        let isStream: Bool
        let limit: Int
        /// Of the bytes of all pictures on their way.
        let share: Budget.Share?
        var body: ByteBuffer
    }

    /// For a client to read a refusal.
    private static let farewell = TimeAmount.seconds(1)
    /// For what is under way when the server stops.
    private static let stop = TimeAmount.seconds(3)
    /// Of requests that come before the one before them is answered.
    private static let partsAhead = 64

    private let place: ControlConnections.Place?
    private let settings: ControlSettings
    private let routes: ControlResponder
    private let connections: ControlConnections
    private var phase = Phase.waiting(isHeadBegun: true)
    private var ahead: [HTTPRequestPart] = []
    private var timer: Scheduled<Void>?

    /// - Parameter place: nil = none is left: it says so and closes.
    init(
        place: ControlConnections.Place?, settings: ControlSettings, routes: ControlResponder,
        connections: ControlConnections
    ) {
        self.place = place
        self.settings = settings
        self.routes = routes
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Handlers of an accepted connection are added before or after it becomes active.
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(context) }

    private func begin(_ context: ChannelHandlerContext) {
        if place == nil {
            refuse(.busy, context)
        } else {
            start(settings.headerTimeout, context)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        timer?.cancel()
        connections.leave(context.channel)
        // Lets go of the memory.
        phase = .refusing
    }

    private func start(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        // Without a hop: this runs on the loop already.
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            context.close(promise: nil)
        }
    }
}

// MARK: Requests

extension RequestGate {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard case .answering = phase else { return take(part, context) }
        guard ahead.count < Self.partsAhead else { return context.close(promise: nil) }
        ahead.append(part)
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head): if case .waiting = phase { receive(head, context) }
        case .body(let piece): add(piece, context)
        case .end: letThrough(context)
        }
    }

    private func add(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .receiving(var receipt) = phase else { return }
        guard receipt.body.readableBytes + piece.readableBytes <= receipt.limit else {
            return refuse(.tooLarge(bytes: nil, limit: receipt.limit), context, patience: settings.requestTimeout)
        }
        // Or the buffer would have two owners, and be copied for each piece.
        phase = .refusing
        receipt.body.writeImmutableBuffer(piece)
        phase = .receiving(receipt)
    }

    private func letThrough(_ context: ChannelHandlerContext) {
        // All of what was refused has come.
        if case .refusing = phase { start(Self.farewell, context) }
        guard case .receiving(let receipt) = phase else { return }
        timer?.cancel()
        phase = .answering(isStream: receipt.isStream, share: receipt.share)
        context.fireChannelRead(wrapInboundOut(.head(receipt.head)))
        if receipt.body.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(.body(receipt.body))) }
        context.fireChannelRead(wrapInboundOut(.end(nil)))
    }

    private func receive(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard connections.begin(context.channel) else { return context.close(promise: nil) }
        // One that there is not is refused when the request is complete.
        let route = try? routes.route(head.method, target: head.path ?? "").route
        let patience = settings.requestTimeout
        if place == .vital, route?.kind != .vital { return refuse(.busy, context, patience: patience) }
        let limit = route?.body.mostBytes(head.headerFields[.contentType] ?? "") ?? ControlLimits.requestBytes
        let length = head.headerFields[.contentLength].flatMap { Int($0) }
        guard length ?? 0 <= limit else {
            return refuse(.tooLarge(bytes: length, limit: limit), context, patience: patience)
        }
        var share: Budget.Share?
        if limit > ControlLimits.requestBytes {
            share = connections.uploads.take(length ?? limit)
            guard share != nil else {
                return refuse(.tooManyUploads(connections.uploads.whole), context, patience: patience)
            }
        }
        if head.headerFields[.expect]?.lowercased() == "100-continue" {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        phase = .receiving(
            Receipt(
                head: head, isStream: route?.kind == .stream, limit: limit, share: share,
                body: context.channel.allocator.buffer(capacity: length ?? 0)))
        start(patience, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, phase) {
        case (is BytesCame, .waiting(isHeadBegun: false)):
            phase = .waiting(isHeadBegun: true)
            return start(settings.headerTimeout, context)
        case (is BytesCame, _): return
        case (ChannelEvent.inputClosed, .refusing): context.close(promise: nil)
        case (is ChannelShouldQuiesceEvent, _):
            // Beside the other timer: whichever is earlier. A client that neither reads nor leaves must not keep the daemon.
            _ = context.eventLoop.assumeIsolated().scheduleTask(in: Self.stop) { context.close(promise: nil) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch phase {
        case .answering: context.fireErrorCaught(error)
        case .refusing: break
        case .waiting, .receiving:
            if error is IOError { return context.close(promise: nil) }
            refuse(.malformed(error), context)
        }
    }
}

// MARK: Replies

extension RequestGate {
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        context.write(data, promise: promise)
        guard case .end = part, case .answering = phase else { return }
        phase = .waiting(isHeadBegun: false)
        connections.end(context.channel)
        start(settings.idleTimeout, context)
        takeAhead(context)
    }

    private func takeAhead(_ context: ChannelHandlerContext) {
        guard !ahead.isEmpty else { return }
        while let part = ahead.first {
            if case .answering = phase { break }
            ahead.removeFirst()
            take(part, context)
        }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .answering(isStream: false, _) = phase {
            if context.channel.isWritable { timer?.cancel() } else { start(settings.requestTimeout, context) }
        }
        context.fireChannelWritabilityChanged()
    }

    /// - Parameter patience: how long the rest of the request may come, to be dropped: whoever sends it reads the answer behind
    ///   it, and if the socket were closed at once it would break under them.
    private func refuse(
        _ refusal: ControlError, _ context: ChannelHandlerContext, patience: TimeAmount = RequestGate.farewell
    ) {
        phase = .refusing
        connections.end(context.channel)
        var (head, body) = refusal.reply
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        guard place != nil else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        start(patience, context)
    }
}

extension ControlError {
    fileprivate static let busy = Self(
        code: .unavailable, message: "request: too many clients are connected: try again")

    fileprivate static func tooManyUploads(_ bytes: Int) -> Self {
        Self(
            code: .unavailable,
            message: "request: pictures and files of \(bytes) bytes together are on their way already: try again")
    }

    fileprivate static func malformed(_ error: any Error) -> Self {
        if error as? HTTPParserError == .headerOverflow {
            return Self(
                code: .tooLarge, message: "request: a head of more than \(ControlLimits.headerBytes) bytes",
                status: .requestHeaderFieldsTooLarge)
        }
        return .invalidRequest("request: no HTTP, or it broke off: \(error)")
    }
}
