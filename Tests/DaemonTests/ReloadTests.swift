import Core
import Daemon
import Settings
import Testing

@Suite struct ReloadTests {
    @Test func whatOnlyARestartAppliesIsNamedKeyByKey() throws {
        let old = Configuration()
        #expect(try old.keysForRestart(old).isEmpty)
        var new = old
        new.computeThreads = 7
        new.precision = .float32
        new.fitMemoryBytes = 1 << 28
        new.station.name = "press-4"
        new.page.hosts = ["press-4"]
        new.control.socket = "/x"
        new.control.maxConnections = 3
        new.images.saveImages = .none
        new.cameras[0].name = "other"
        new.recipes[0].smoothing = 1
        new.log.level = .debug
        #expect(
            try old.keysForRestart(new)
                == [
                    "compute_threads", "precision", "fit_memory_bytes", "page.hosts", "station.name",
                    "control.max_connections", "control.socket",
                    "images.save_images",
                ])
    }
}
