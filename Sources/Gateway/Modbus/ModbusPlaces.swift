import ControlProtocol
import Glibc
import Platform

/// What is kept of each unit on the disk: `modbus-<unit>.json` in the state directory.
struct ModbusPlaces: Sendable {
    let directory: String

    private func path(_ unit: Int) -> String { "\(directory)/modbus-\(unit).json" }

    /// Of units from 1 on; where nothing was kept, nothing was commanded.
    ///
    /// - Throws: when it cannot be read: a command could be carried out twice.
    func read(units: Int) throws -> [ModbusPlace] {
        try Disk().createFolderForGood(directory)
        return try (1...units).map { unit in
            do {
                return try ControlCoding.decode(ModbusPlace.self, from: Disk().read(path(unit)))
            } catch let error as DiskError where error.errno == ENOENT {
                return ModbusPlace()
            } catch {
                throw PlaceError(path: path(unit), reason: ErrorWords.of(error))
            }
        }
    }

    /// On the disk when it returns.
    func write(_ place: ModbusPlace, unit: Int) throws {
        try Disk().replace(path(unit), with: [UInt8](ControlCoding.encode(place)))
    }
}

/// A unit's place that cannot be read. Without it a command could be carried out twice.
package struct PlaceError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    package var description: String {
        "modbus: \(path): \(reason): remove the file once no PLC waits for a command's answer"
    }
}
