import Capture
import ControlProtocol
import Core
import Logging
import Platform
import ServiceLifecycle

/// Inspects the parts of the queue on a thread of its own, until the queue is closed and empty.
///
/// The thread is `fsac-inspect`, the only one that judges the line's parts; what it does in turn for each is the order
/// of all promises: journal, output lines, counts, answer to the trigger, sinks, pictures. It stops after the cameras, so nothing
/// that was taken is lost.
package final class InspectionService: Service {
    private let line: InspectionLine
    private let sinks: [any VerdictSink]

    /// - Parameter sinks: told of each verdict in this order.
    package init(_ line: InspectionLine, sinks: [any VerdictSink] = []) {
        self.line = line
        self.sinks = sinks
    }

    package func run() async {
        await withGracefulShutdownHandler {
            let ahead = DecodeAhead()
            async let decoding: Void = NamedThread.run("fsac-decode") { ahead.run(self.line.queue) }
            await NamedThread.run("fsac-inspect") { self.inspectParts(ahead) }
            await decoding
        } onGracefulShutdown: {
            // The cameras have stopped: what waits is inspected, and nothing new comes.
            self.line.queue.close()
        }
    }

    private func inspectParts(_ ahead: DecodeAhead) {
        // Made here: extractors have scratch memory and belong to this thread.
        var pipeline = InspectionPipeline(ahead: ahead)
        // By camera: told at a change, not at each part.
        var lastCause: [String: InvalidCause] = [:]
        while let part = line.queue.pop() {
            line.progress.begin()
            Failpoint.pass("inference")
            let inspection = record(pipeline.inspect(line.enlist(part)))
            if let invalidity = inspection.invalidity, invalidity.cause != lastCause[part.camera] {
                line.logger.warning(
                    "verdicts are INVALID",
                    metadata: [
                        "camera": "\(part.camera)", "frame": "\(inspection.frame?.name ?? "")",
                        "cause": "\(invalidity)",
                    ])
            }
            lastCause[part.camera] = inspection.invalidity?.cause
            line.progress.end()
        }
    }

    /// A verdict exists once it is journalled; the answer, and the pictures if they can, follow.
    ///
    /// - Returns: what everybody was told: without its line a part has no verdict.
    private func record(_ judged: Inspection) -> Inspection {
        let settings = line.images.settings
        let lot = line.lots?.lot(of: judged.part.camera, at: judged.since)
        // A disk that hangs is the journal's.
        line.progress.end()
        // Blocks until the line has landed, or the journal's patience is over.
        let (record, landing) = line.journal.append(judged.verdict) { seq, landing in
            let inspection = judged.shown(landing)
            // Without a number they have no name.
            let pictures =
                landing.stored == .nowhere ? PicturePaths() : PicturePaths(inspection, seq: seq, settings: settings)
            return InspectionRecord(inspection, lot: lot, seq: seq, stored: landing.stored, pictures: pictures)
        }
        line.progress.begin()
        let inspection = judged.shown(landing)
        line.tellOutputs(inspection.part, record)
        line.alarms?.note(record)
        line.count(inspection)
        line.noteTrend(of: inspection)
        answer(inspection, record)
        // Its own thread writes that down; what a kill leaves out, the journal tells.
        inspection.frame?.file?.hasVerdict(
            record.verdict, sequence: record.seq,
            isStored: landing.stored == .synced || landing.stored == .written)
        // After the answer: a machine waits for that, people read the rest.
        for sink in sinks { sink.note(record) }
        keep(inspection, record)
        // Last, and dropped when the store is full.
        if let picture = inspection.picture {
            line.images.offer(
                PictureJob(
                    seq: record.seq, pictureClass: inspection.pictureClass,
                    paths: PicturePaths(image: record.image, heatmap: record.heatmap), picture: picture,
                    drawHeatMap: inspection.judgement?.drawHeatMap))
        }
        return inspection
    }

    /// Hands over what a model can learn from, if it is wanted; computed and written beside the line.
    private func keep(_ inspection: Inspection, _ record: InspectionRecord) {
        guard inspection.mayTeach, record.stored != .nowhere, let make = inspection.streamPart,
            let generation = inspection.generation,
            let score = inspection.score, let stream = line.stream,
            stream.wants(record.recipe, generation: generation, upTo: inspection.partsWanted)
        else { return }
        stream.offer(
            PartOffer(
                recipe: record.recipe, generation: generation, number: record.seq,
                part: { make(record.seq, score) }))
    }

    private func answer(_ inspection: Inspection, _ record: InspectionRecord) {
        guard let trigger = inspection.part.trigger else { return }
        // For the client's own clock arithmetic: microseconds of CLOCK_MONOTONIC, as cameras stamp with.
        let now = Moment.now
        trigger.answer(
            TriggerReply(
                inspection: record, triggeredMicroseconds: now.microseconds(of: trigger.triggeredAt),
                exposedMicroseconds: inspection.frame.map { now.microseconds(of: $0.exposedAt) }))
    }
}
