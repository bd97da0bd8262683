import Daemon
import Synchronization
import Testing

@Suite struct ServiceNotifierTests {
    private final class Messages: Sendable {
        private let all = Mutex<[String]>([])

        var notifier: ServiceNotifier {
            ServiceNotifier { message in
                self.all.withLock { $0.append(String(message.prefix { $0 != "\n" })) }
            }
        }

        var list: [String] { all.withLock { $0 } }
    }

    @Test func aReloadBeforeTheStartIsOverDoesNotSayThatItIs() {
        let messages = Messages()
        let notifier = messages.notifier
        notifier.reloading()
        notifier.reloaded()
        #expect(messages.list.isEmpty)
        notifier.ready()
        notifier.reloading()
        notifier.reloaded()
        #expect(messages.list == ["READY=1", "RELOADING=1", "READY=1"])
    }

    @Test func aReloadThatTheStopOvertakesSaysNothingMore() {
        let messages = Messages()
        let notifier = messages.notifier
        notifier.ready()
        notifier.reloading()
        notifier.stopping()
        notifier.reloaded()
        notifier.ready()
        #expect(messages.list == ["READY=1", "RELOADING=1", "STOPPING=1"])
    }
}
