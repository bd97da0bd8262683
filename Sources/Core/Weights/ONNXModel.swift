import Platform

/// The weights of an ONNX file and the nodes that use them. Everything else of the graph is read past.
///
/// - SeeAlso: `onnx.proto`, <https://onnx.ai/onnx/repo-docs/IR.html>
package struct ONNXModel: Sendable {
    package struct Node: Sendable, Equatable {
        package var name = ""
        package var operation = ""
        package var inputs: [String] = []
        package var outputs: [String] = []
    }

    package let file: String
    /// Floating-point initialisers, converted to single precision; all numbers are finite.
    package let initialisers: [String: Tensor]
    /// Names of initialisers of whole numbers, which are left out.
    package let ignored: [String]
    package let nodes: [Node]
    /// SHA-256 of the file, in hexadecimal.
    package let sha256: String

    /// - Throws: `truncated`, `malformed`, `unsupportedType`, `notFinite`, and `refused` for weights kept in another
    ///   file; `unreadable` from the system.
    package static func read(path: String) throws(WeightsError) -> ONNXModel {
        var input = try WeightsInput(path: path)
        let bytes = try input.bytes(input.size, section: "file")
        return try read(bytes: bytes, file: path)
    }

    /// Reads a file that is already in memory; `file` names it in errors.
    package static func read(bytes: [UInt8], file: String) throws(WeightsError) -> ONNXModel {
        var model = ByteCursor(bytes, file: file)
        var reader = GraphReader()
        var hasOperatorSet = false
        while let field = try model.nextField("model") {
            switch (field.number, field.payload) {
            case (7, .bytes(let range)): try reader.read(model.slice(range))
            case (8, .bytes): hasOperatorSet = true
            default: continue
            }
        }
        // Exporters write the operator set after the graph, so a file that was cut between two fields lacks it.
        guard hasOperatorSet else {
            throw .malformed(file: file, section: "model", expected: "an ONNX model with its operator set", got: "none")
        }
        return ONNXModel(
            file: file, initialisers: reader.initialisers, ignored: reader.ignored.sorted(), nodes: reader.nodes,
            sha256: hexadecimal(SHA256.digest(of: bytes)))
    }
}

/// Collects what a `GraphProto` holds.
private struct GraphReader {
    var initialisers: [String: Tensor] = [:]
    var ignored: [String] = []
    var nodes: [ONNXModel.Node] = []

    mutating func read(_ graph: ByteCursor) throws(WeightsError) {
        var graph = graph
        while let field = try graph.nextField("graph") {
            switch (field.number, field.payload) {
            case (1, .bytes(let range)): nodes.append(try node(graph.slice(range)))
            case (5, .bytes(let range)): try add(try ONNXTensor(graph.slice(range)), file: graph.file)
            default: continue
            }
        }
    }

    private mutating func add(_ stored: ONNXTensor, file: String) throws(WeightsError) {
        guard initialisers[stored.name] == nil else {
            throw .malformed(file: file, section: stored.name, expected: "one initialiser of that name", got: "two")
        }
        if let tensor = try stored.tensor() {
            initialisers[stored.name] = tensor
        } else {
            ignored.append(stored.name)
        }
    }

    private func node(_ message: ByteCursor) throws(WeightsError) -> ONNXModel.Node {
        var message = message
        var node = ONNXModel.Node()
        while let field = try message.nextField("node") {
            guard case .bytes(let range) = field.payload else { continue }
            let text = String(decoding: message.bytes[range], as: UTF8.self)
            switch field.number {
            case 1: node.inputs.append(text)
            case 2: node.outputs.append(text)
            case 3: node.name = text
            case 4: node.operation = text
            default: continue
            }
        }
        return node
    }
}
