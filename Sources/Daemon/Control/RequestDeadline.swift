import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request head, request body or reply takes too long, in absolute time: bytes that trickle
/// in do not extend it. Replies that stream on purpose are exempt; waiting between requests is the idle timeout's.
///
/// One for each connection, and bound to its event loop: no lock. It closes without an answer.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let head: TimeAmount
    private let request: TimeAmount
    private let isStream: @Sendable (_ path: String) -> Bool

    /// Of what is waited for now; nil or cancelled between requests.
    private var timer: Scheduled<Void>?
    /// A request's head has come and its end has not.
    private var isReading = false
    /// The reply may end before the request does: one that is refused for its size.
    private var hasReplied = false
    private var isStreaming = false

    /// - Parameters:
    ///   - head: from connecting to the complete request head.
    ///   - request: from the head to the complete request, and again from there to the complete reply.
    init(head: TimeAmount, request: TimeAmount, isStream: @escaping @Sendable (_ path: String) -> Bool) {
        self.head = head
        self.request = request
        self.isStream = isStream
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Handlers of an accepted connection are added before or after it becomes active.
        if context.channel.isActive { start(head, context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(head, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isReading = true
            hasReplied = false
            isStreaming = isStream(head.path ?? "")
            start(request, context)
        case .body: break
        case .end:
            isReading = false
            timer?.cancel()
            if !hasReplied && !isStreaming { start(request, context) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            hasReplied = true
            if !isReading { timer?.cancel() }
        }
        context.write(data, promise: promise)
    }

    private func start(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        // Without a hop: this runs on the loop already.
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            context.close(promise: nil)
        }
    }
}
