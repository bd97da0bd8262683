import Daemon
import Settings
import Testing

@Suite struct ReloadTests {
    @Test func whatOnlyARestartAppliesIsNamedKeyByKey() throws {
        let old = Configuration()
        #expect(try old.keysForRestart(old).isEmpty)
        var new = old
        new.computeThreads = 7
        new.control.socket = "/x"
        new.control.maxConnections = 3
        new.images.saveImages = .none
        new.cameras[0].name = "other"
        new.recipes[0].smoothing = 1
        new.log.level = .debug
        #expect(
            try old.keysForRestart(new)
                == ["compute_threads", "control.max_connections", "control.socket", "images.save_images"])
    }

    @Test func aReloadCannotBringATriggerThatTheRunningServerDoesNotWaitFor() throws {
        var new = Configuration()
        new.control.requestTimeoutSeconds = 60
        new.cameras[0].triggerDeadlineMilliseconds = 30_000
        #expect(throws: Never.self) { try Configuration().checkDeadlines(of: new) }
        new.cameras[0].trigger = .software
        let refusal = ReloadError.deadline(camera: "camera1", milliseconds: 30_000, requestSeconds: 30)
        #expect(throws: ReloadError.self) { try Configuration().checkDeadlines(of: new) }
        #expect("\(refusal)".contains("restart fsacd"))
        new.cameras[0].triggerDeadlineMilliseconds = 29_999
        #expect(throws: Never.self) { try Configuration().checkDeadlines(of: new) }
    }
}
