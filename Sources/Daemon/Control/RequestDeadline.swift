import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request head, request body or reply takes too long, in absolute time: bytes that trickle
/// in do not extend it. Replies that stream on purpose are exempt; waiting between requests is the idle timeout's.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let head: TimeAmount
    private let request: TimeAmount
    private let isStream: @Sendable (_ path: String) -> Bool

    private var timer: Scheduled<Void>?
    private var isReading = false
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
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            context.close(promise: nil)
        }
    }
}
