import ControlProtocol
import HTTPTypes
import Hummingbird
import LineIO
import NIOCore
import Platform
import ServiceLifecycle

/// What fsac-gateway asks and tells of remote I/O modules.
struct ModuleRoutes: Sendable {
    let modules: [RemoteModule]

    var routes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.ioModule, .stream, parameters: ["name", "address"]) { request in
                let module = try module(request.query.text("name") ?? "")
                let address = PrintableText.line(request.query.text("address") ?? "its gateway", atMost: 100)
                return Response(
                    status: .ok, headers: [.contentType: "application/jsonl"],
                    body: ResponseBody { writer in
                        let (session, orders) = module.open(path: address)
                        defer { module.close(session) }
                        // A gateway that leaves sends nothing: only the end of its side of the connection shows it.
                        try await request.connection.consumeWithCancellationOnInboundClose { [writer] _ in
                            var writer = writer
                            for await order in orders.cancelOnGracefulShutdown() {
                                let line = ModuleOrder(
                                    session: order.session, number: order.number, outputs: order.outputs,
                                    inputs: order.inputs)
                                try await writer.write(ByteBuffer(bytes: try ControlCoding.encode(line) + [0x0A]))
                            }
                        }
                        try await writer.finish(nil)
                    })
            },
            ControlRoute(.post, ControlPath.ioModule, ModuleReport.self) { _, report in
                let module = try module(report.name)
                if let session = report.session {
                    let changes = (report.changes ?? []).map {
                        RemoteModule.Change(input: $0.input, isActive: $0.active, time: .nanoseconds($0.time))
                    }
                    guard module.report(session: session, written: report.written, changes) else {
                        throw ControlError(code: .conflict, message: "module \(module.name): the session is over")
                    }
                }
                if let trouble = report.trouble { module.complain(PrintableText.line(trouble, atMost: 200)) }
                return Response(status: .noContent)
            },
        ]
    }

    private func module(_ name: String) throws(ControlError) -> RemoteModule {
        guard let module = modules.first(where: { $0.name == name }) else {
            throw .notFound(
                "module: no [[line_io]] has driver = \"modbus\" and chip = \"\(PrintableText.line(name, atMost: 64))\"")
        }
        return module
    }
}
