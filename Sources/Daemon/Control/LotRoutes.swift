import ControlProtocol
import Hummingbird
import Platform

/// Of which lot parts are.
struct LotRoutes: Sendable {
    let desk: LotDesk
    let events: EventLog

    var routes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.lots) { _ in try .json(LotListReply(lots: desk.lots)) },
            ControlRoute(.put, ControlPath.lots, LotRequest.self) { request, wanted in
                try check(wanted)
                try await WorkLane.slow.run {
                    try events.record(by: request.author) {
                        let before = Set(desk.lots.filter { wanted.camera ?? $0.camera == $0.camera }.compactMap(\.lot))
                        return Change(
                            .lot, camera: wanted.camera,
                            before: before.isEmpty ? [:] : ["lot": .text(before.sorted().joined(separator: ", "))],
                            after: wanted.lot.map { ["lot": .text($0)] } ?? [:])
                    } _: {
                        try desk.set(wanted.lot, for: wanted.camera)
                    }
                }
                return try .json(LotListReply(lots: desk.lots))
            },
        ]
    }

    private func check(_ wanted: LotRequest) throws(ControlError) {
        let known = desk.lots.map(\.camera)
        if let camera = wanted.camera, !known.contains(camera) {
            throw .notFound("lot: no camera '\(camera)': there are \(known.joined(separator: ", "))")
        }
        if let lot = wanted.lot, !InspectionLine.isSerial(lot) {
            throw .invalidRequest("lot: expected 1 to 128 printable characters")
        }
    }
}
