import Logging
package import Platform
import Synchronization

extension Recipe {
    /// Stores a checked picture as a normal shot; the same bytes again change nothing. One that was set aside is a shot again.
    package func addNormal(
        _ bytes: [UInt8], fileExtension: String, isDoubted: Bool = false
    ) throws(DiskError) -> (normal: StoredNormal, isNew: Bool) {
        try change.withLock { _ throws(DiskError) in
            // The name is the content: adding is idempotent, and a client that got no answer may ask again.
            let sha256 = RecipeStore.sha256(of: bytes)
            if let known = view.normals.first(where: { $0.sha256 == sha256 }) { return (known, false) }
            let normal = try store.addNormal(bytes, fileExtension: fileExtension, isDoubted: isDoubted)
            if let aside = view.setAside.first(where: { $0.sha256 == sha256 }) { try store.removeSetAside(aside) }
            try readShots()
            return (normal, true)
        }
    }

    /// Removes a shot, or one that was set aside; the model keeps what it learnt from it until the next fit.
    ///
    /// - Parameter name: its SHA-256, or the first 6 digits or more.
    /// - Returns: whether a fit would make another model of it.
    package func removeNormal(_ name: String) throws -> (normal: StoredNormal, wasInUse: Bool) {
        try change.withLock { _ in
            let (normal, isSetAside) = try shot(named: name)
            // Without a shot no fit could ever follow, and the model would stand on nothing.
            guard isSetAside || view.normals.count > 1 else { throw StoreError.lastNormal(sha256: normal.sha256) }
            // Read from the disk afterwards: what is shown is what a restart would find.
            if isSetAside { try store.removeSetAside(normal) } else { try store.removeNormal(normal) }
            try readShots()
            return (normal, !isSetAside)
        }
    }

    /// Makes a shot that a roll-back set aside a shot again.
    ///
    /// - Parameter name: its SHA-256, or the first 6 digits or more.
    package func restoreNormal(_ name: String) throws -> StoredNormal {
        try change.withLock { _ in
            let normal = try Self.shot(named: name, among: view.setAside)
            // Nobody knows what became of it since.
            _ = try store.bytes(of: normal, isSetAside: true)
            try store.restore(normal)
            try readShots()
            return normal
        }
    }

    /// - Parameter name: its SHA-256, or the first 6 digits or more.
    package func normal(named name: String) throws(StoreError) -> StoredNormal {
        try Self.shot(named: name, among: view.normals)
    }

    func shot(named name: String) throws(StoreError) -> (StoredNormal, isSetAside: Bool) {
        let view = view
        let normal = try Self.shot(named: name, among: view.normals + view.setAside)
        return (normal, view.setAside.contains(normal))
    }

    private static func shot(named name: String, among shots: [StoredNormal]) throws(StoreError) -> StoredNormal {
        let matches = shots.filter { $0.sha256.hasPrefix(name.lowercased()) }
        // Two that begin alike are none: a wrong one must not be removed.
        guard name.utf8.count >= 6, let normal = matches.first, matches.count == 1 else {
            throw .noSuchNormal(sha256: name)
        }
        return normal
    }

    package func bytes(of normal: StoredNormal) throws(StoreError) -> [UInt8] { try store.bytes(of: normal) }

    /// A shot's picture, also of one that was set aside.
    ///
    /// - Parameter name: its SHA-256, or the first 6 digits or more.
    package func picture(named name: String) throws(StoreError) -> (normal: StoredNormal, bytes: [UInt8]) {
        let (normal, isSetAside) = try shot(named: name)
        return (normal, try store.bytes(of: normal, isSetAside: isSetAside))
    }

    /// Name a picture would have here, and whether it is there already.
    package func find(_ bytes: [UInt8]) -> (sha256: String, isKnown: Bool) {
        let sha256 = RecipeStore.sha256(of: bytes)
        return (sha256, view.normals.contains { $0.sha256 == sha256 })
    }

    // MARK: Roll-back

    /// Shots that a roll-back sets aside, and those that it restores.
    typealias Misplaced = (setAside: [StoredNormal], restored: [StoredNormal])

    /// - Parameter shots: those that a generation was fitted from.
    func misplaced(by shots: Set<String>) -> Misplaced {
        let view = view
        return (
            view.normals.filter { !shots.contains($0.sha256) }, view.setAside.filter { shots.contains($0.sha256) }
        )
    }

    /// Sets aside all shots but those named, and restores the others.
    ///
    /// - Throws: what the disk throws; then everything is as it was.
    func sortShots(by names: Set<String>) throws -> Misplaced {
        let misplaced = misplaced(by: names)
        do {
            for normal in misplaced.setAside { try store.setAside(normal) }
            for normal in misplaced.restored { try store.restore(normal) }
            try readShots()
        } catch {
            undo(misplaced)
            throw error
        }
        return misplaced
    }

    /// Takes back ``sortShots(by:)``, however far it came. What cannot be taken back stays out of the next fit, or is fitted as before.
    func undo(_ change: Misplaced) {
        do {
            let (stored, aside) = (try store.normals(), try store.setAside())
            for normal in change.setAside where aside.contains(normal) { try store.restore(normal) }
            for normal in change.restored where stored.contains(normal) { try store.setAside(normal) }
        } catch {
            logger.error(
                "shots cannot be put back: look at `fsacctl normals list`",
                metadata: ["recipe": "\(name)", "error": "\(error)"])
        }
        do {
            try readShots()
        } catch {
            logger.error("shots cannot be listed", metadata: ["recipe": "\(name)", "error": "\(error)"])
        }
    }

    private func readShots() throws(DiskError) {
        let (normals, setAside) = (try store.normals(), try store.setAside())
        state.withLock {
            $0.normals = normals
            $0.setAside = setAside
        }
    }
}
