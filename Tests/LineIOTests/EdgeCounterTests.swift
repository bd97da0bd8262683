import LineIO
import Testing

@Suite struct EdgeCounterTests {
    private static func readings(_ edges: [(UInt32, Int)]) -> [[EdgeCounter.Reading]] {
        var counter = EdgeCounter(lockout: .milliseconds(5))
        return edges.map { counter.count(number: $0.0, at: .milliseconds($0.1)) }
    }

    @Test func tenEdgesWithinTheLockOutAreOneTrigger() {
        let edges = (0..<10).map { (UInt32($0 + 1), $0 / 3) }
        #expect(Self.readings(edges).flatMap(\.self).filter { $0 == .accepted }.count == 1)
    }

    @Test func edgesApartAreTriggersEach() {
        #expect(Self.readings([(1, 0), (2, 5), (3, 10)]) == [[.accepted], [.accepted], [.accepted]])
        // Bounce makes the lock-out no longer.
        #expect(Self.readings([(1, 0), (2, 4), (3, 8)]) == [[.accepted], [.bounce], [.accepted]])
    }

    @Test func eachEdgeThatWasLostIsKnown() {
        // 200 edges, of which the kernel kept the newest 64.
        #expect(Self.readings([(1, 0), (2, 10), (140, 2000)]) == [[.accepted], [.accepted], [.lost(137), .accepted]])
        // Also before the first one, and one that looks like bounce: nobody knows what it was the bounce of.
        #expect(Self.readings([(3, 0)]) == [[.lost(2), .accepted]])
        #expect(Self.readings([(1, 0), (3, 2)]) == [[.accepted], [.lost(1), .accepted]])
    }

    @Test func numbersThatWrapAroundLoseNothing() {
        var counter = EdgeCounter(lockout: .zero)
        _ = counter.count(number: .max, at: .zero)
        #expect(counter.count(number: 0, at: .milliseconds(1)) == [.accepted])
    }
}
