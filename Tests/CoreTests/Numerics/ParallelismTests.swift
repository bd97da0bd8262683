import Core
import Synchronization
import Testing

@Suite struct ParallelismTests {
    @Test(arguments: [1, 2, 3, 8]) func everyIndexIsGivenToExactlyOneRange(threads: Int) {
        for (count, grain) in [(0, 1), (1, 1), (7, 1), (100, 1), (100, 16), (15, 16), (33, 16)] {
            let seen = Counters(count)
            let shares = Counters(threads)
            Parallelism(threads: threads).forEachRange(of: count, grain: grain) { share, range in
                shares.add(1, at: share)
                for index in range { seen.add(1, at: index) }
                if count >= grain { #expect(range.count >= grain) }
            }
            #expect(seen.values.allSatisfy { $0 == 1 }, "\(count) by \(threads)")
            #expect(shares.values.allSatisfy { $0 <= 1 })
        }
    }

    /// Each phase reads what all shares of the one before wrote: a phase that began early would read something else.
    @Test(arguments: [1, 2, 3, 9]) func aPhaseBeginsWhenTheOneBeforeIsDone(threads: Int) {
        let parallelism = Parallelism(threads: threads)
        let width = 37
        let buffers = (0..<2).map { _ in Counters(width) }
        var phases = [
            parallelism.phase(over: width) { _, range in for index in range { buffers[0].add(index, at: index) } }
        ]
        for step in 1...40 {
            let (source, target) = (buffers[(step + 1) % 2], buffers[step % 2])
            phases.append(
                parallelism.phase(over: width) { _, range in
                    for index in range { target.set(source[(index + 1) % width] + 1, at: index) }
                })
        }
        parallelism.run(phases)
        // 40 rotations by one place, 40 added
        #expect(buffers[0].values == (0..<width).map { ($0 + 40) % width + 40 })
    }

    @Test func aPhaseOfOneShareRunsOnce() {
        let runs = Counters(1)
        let parallelism = Parallelism(threads: 4)
        parallelism.run([parallelism.phase(over: 1) { _, _ in runs.add(1, at: 0) }])
        #expect(runs.values == [1])
    }

    @Test func noPhasesAreDoneAtOnce() {
        Parallelism(threads: 3).run([])
    }

    @Test func aThousandRunsEnd() {
        let parallelism = Parallelism(threads: 5)
        let total = Counters(1)
        for _ in 0..<1000 {
            let phases = (0..<5).map { _ in parallelism.phase(over: 5) { _, range in total.add(range.count, at: 0) } }
            parallelism.run(phases)
        }
        #expect(total.values == [25_000])
    }
}

/// Numbers that several threads count up.
private final class Counters: Sendable {
    private let storage: Mutex<[Int]>

    init(_ count: Int) { storage = Mutex([Int](repeating: 0, count: count)) }

    var values: [Int] { storage.withLock { $0 } }

    subscript(index: Int) -> Int { storage.withLock { $0[index] } }

    func add(_ value: Int, at index: Int) { storage.withLock { $0[index] += value } }

    func set(_ value: Int, at index: Int) { storage.withLock { $0[index] = value } }
}
