import ControlProtocol
import Core
import Journal
import Synchronization

/// The scores of recipes that are being commissioned, out of the journal: what was read once is remembered.
/// Asked by any number of requests at once, one after the other: reading the journal is under the lock, so that it is
/// read once.
final class CommissionLog: Sendable {
    private struct Progress {
        let commission: Commission
        let generation: Int
        /// Number of the line to read next.
        var next: UInt64
        var scores: [Float] = []
    }

    /// The fields of a journal line that count.
    private struct Fields: Decodable {
        var recipe: String?
        var cause: String?
        var generation: Int?
        var score: Float?
    }

    /// Lines that are in memory at a time.
    private static let batch = 256

    private let source: any VerdictSource
    private let progress = Mutex<[String: Progress]>([:])

    init(source: any VerdictSource) {
        self.source = source
    }

    /// Of the next part.
    var nextSequence: UInt64 { source.lastSequence + 1 }

    /// The first `commission.parts` scores of this generation. Reads files.
    func scores(of recipeName: String, _ commission: Commission, generation: Int) throws -> [Float] {
        try progress.withLock { all in
            var known = all[recipeName]
            // Another start of commissioning, or another model: what was scored before says nothing about this one.
            if known?.commission != commission || known?.generation != generation { known = nil }
            var now = known ?? Progress(commission: commission, generation: generation, next: commission.firstSequence)
            while now.scores.count < commission.parts, now.next <= source.lastSequence {
                let lines = try source.lines(from: now.next, count: Self.batch)
                // Retention was faster, or the disk: what is missing does not count.
                guard let last = lines.last else { break }
                for line in lines where now.scores.count < commission.parts {
                    let fields = try ControlCoding.decode(Fields.self, from: line.bytes)
                    if fields.recipe == recipeName, fields.generation == generation,
                        fields.cause == InvalidCause.commissioning.rawValue, let score = fields.score
                    {
                        now.scores.append(score)
                    }
                }
                now.next = last.sequence + 1
            }
            all[recipeName] = now
            return now.scores
        }
    }
}
