import Core
import Daemon
import Foundation
import Gateway
import Journal
import Logging
import Platform
import Settings
import Statistics
import Synchronization

/// What reads bytes that others wrote. Any bytes are read or refused, and nothing else happens: `run` returns.
///
/// The program of `make fuzz` and the tests in FuzzTests share these, and the inputs in `Tests/Fuzz/corpus`.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// A configuration.
    case configuration
    /// The body of a request.
    case request
    /// A segment of the journal, at a start.
    case segment
    /// A document in a recipe's folder: the first line names it, the rest is it.
    case state
    /// `model.json`.
    case model
    /// What is kept of a part to teach a model by, without its checksum, which would keep damage out of the rest.
    case keptPart = "kept-part"
    /// The JSON file beside weights.
    case sidecar
    case safetensors
    /// A PyTorch file, in either of its forms.
    case pickle
    case onnx
    /// A JPEG or PNG file, with its EXIF.
    case picture
    /// What a client of the Modbus server sends, or a device answers.
    case modbus
    /// A recipe file of another station, without the checksums in its manifest, which would keep damage out of the rest.
    case recipe

    package func run(_ bytes: [UInt8]) {
        // What is thrown is a refusal, which is as good as anything.
        try? read(bytes)
    }

    private func read(_ bytes: [UInt8]) throws {
        switch self {
        case .configuration: _ = try Configuration(toml: String(decoding: bytes, as: UTF8.self), file: "c.toml")
        case .request: RequestBodies.read(bytes)
        case .segment: try Self.readSegment(bytes)
        case .state: try StateFolder.shared.withLock { try $0.readRecipe(bytes) }
        case .model: try StateFolder.shared.withLock { try $0.readModel(bytes) }
        case .keptPart: _ = try StreamPart(bytes: bytes + SHA256.digest(of: bytes))
        case .sidecar: try StateFolder.shared.withLock { try $0.readSidecar(bytes) }
        case .safetensors: _ = try Safetensors.read(bytes: bytes, file: "a.safetensors")
        case .pickle: _ = try PyTorchCheckpoint.read(bytes: bytes, file: "a.pt")
        case .onnx: _ = try ONNXModel.read(bytes: bytes, file: "a.onnx")
        case .picture: try Self.readPicture(bytes)
        case .modbus: try Self.serve(bytes)
        case .recipe: try RecipeFiles.read(bytes)
        }
    }

    /// As the daemon's start and `fsacctl history` do.
    private static func readSegment(_ bytes: [UInt8]) throws {
        let scan = SegmentScan(bytes, first: 1)
        precondition((0...bytes.count).contains(scan.goodLength), "segment: \(scan.goodLength) good bytes")
        for line in bytes.split(separator: UInt8(ascii: "\n")) { _ = VerdictFacts(line: Array(line)) }
        try StateFolder.shared.withLock { try $0.recoverJournal(bytes) }
    }

    private static func serve(_ bytes: [UInt8]) throws {
        var desk = ModbusDesk(ModbusSettings(), places: [ModbusPlace()], start: 1)
        var buffer = bytes
        while let frame = try ModbusFrame.next(in: &buffer) {
            let (reply, order) = desk.answer(frame, mayWrite: true, at: .now, time: .now)
            precondition(reply.bytes.count <= ModbusFrame.mostBytes, "modbus: a reply of \(reply.bytes.count) bytes")
            // Without the daemon nothing is carried out.
            precondition(order.map { $0.action == .acknowledgeResult } ?? true, "modbus: an order to nobody")
            for call in [ModbusCall.readInputs(address: 0, count: 9), .readRegisters(address: 0, count: 2)] {
                _ = try? call.answer(frame.pdu)
            }
        }
    }

    /// Small ones only: a large picture takes long, and is no fault.
    private static func readPicture(_ bytes: [UInt8]) throws {
        let picture = Picture(.file, bytes: bytes)
        let size = try picture.size()
        guard size.height * size.width <= 1 << 18 else { return }
        let image = try picture.image()
        precondition((image.height, image.width) == size, "picture: \(image.height) x \(image.width) of \(size)")
        _ = try picture.image(atLeast: 16)
        _ = try Picture(.motionJPEG(height: size.height, width: size.width), bytes: bytes).image()
    }
}
