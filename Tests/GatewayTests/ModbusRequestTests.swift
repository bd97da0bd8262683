import ControlProtocol
import Core
import Gateway
import Testing

@Suite struct ModbusRequestTests {
    /// Function, then what it says.
    @Test(
        arguments: [
            ([3, 0, 0, 0, 0], 3), ([3, 0, 0, 0, 126], 3), ([3, 0, 0, 0], 3), ([3, 0, 0, 0, 1, 0], 3), ([], 1),
            ([3, 0, 100, 0, 1], 2), ([3, 0, 99, 0, 2], 2), ([3, 0, 236, 0, 1], 2), ([3, 0, 244, 0, 1], 2),
            ([3, 0xFF, 0xFF, 0, 125], 2), ([4, 0, 100, 0, 1], 2), ([1, 0, 0, 0, 1], 2), ([5, 0, 0, 0xFF, 0], 2),
            ([15, 0, 0, 0, 1, 1, 1], 2), ([6, 0, 99, 0, 1], 2), ([6, 0, 236, 0, 1], 2), ([6, 0, 240, 0, 1], 2),
            ([16, 0, 235, 0, 2, 4, 0, 0, 0, 0], 2), ([16, 0, 200, 0, 2, 3, 0, 0, 0, 0], 3), ([16, 0, 200, 0, 0, 0], 3),
            ([16, 0, 200, 0, 1, 2, 0], 3), ([7], 1), ([8, 0, 0, 0, 0], 1), ([17], 1), ([22, 0, 200, 0, 0, 0, 0], 1),
            ([43, 14, 1, 0], 1), ([0x83, 0, 0, 0, 1], 1),
        ] as [([UInt8], UInt8)])
    func whatIsNotServedIsRefusedByItsNumber(pdu: [UInt8], exception: UInt8) {
        let test = TestDesk.live()
        #expect(test.send(pdu).reply == [(pdu.first ?? 0) | 0x80, exception])
        #expect(test.read(200, 36) == [UInt16](repeating: 0, count: 36))
    }

    @Test func functionsThreeAndFourReadTheSame() {
        let test = TestDesk.live()
        #expect(test.send([4, 0, 0, 0, 100]).reply.dropFirst() == test.send([3, 0, 0, 0, 100]).reply.dropFirst())
    }

    @Test func function23WritesAndReadsInOneGoOrNotAtAll() {
        let test = TestDesk.live()
        let both = test.send([23, 0, 240, 0, 2, 0, 200, 0, 2, 4, 0, 1, 0, 9])
        #expect(both.reply == [23, 4, 0, 9, 0, 1] && both.order?.number == 9)
        let outside = test.send([23, 0, 100, 0, 2, 0, 203, 0, 1, 2, 0, 9])
        #expect(outside.reply == [0x97, 2] && test.read(203) == [0])
    }

    @Test func whoMayOnlyReadChangesNothing() {
        let test = TestDesk.live()
        let written = test.write([1, 5], at: 200, mayWrite: false)
        #expect(written.reply == [0x90, 1] && written.order == nil)
        #expect(test.send([6, 0, 203, 0, 1], mayWrite: false).reply == [0x86, 1])
        #expect(test.send([23, 0, 0, 0, 1, 0, 201, 0, 1, 2, 0, 9], mayWrite: false).reply == [0x97, 1])
        #expect(test.read(200, 4) == [0, 0, 0, 0] && test.read(240, 2) == [0, 0])
    }

    @Test func framesAreFoundInPiecesOfAnySize() throws {
        let frames = [
            ModbusFrame(transaction: 1, unit: 1, pdu: [3, 0, 0, 0, 1]),
            ModbusFrame(transaction: 0xFFFE, unit: 9, pdu: [UInt8](repeating: 7, count: 253)),
        ]
        let bytes = frames.flatMap(\.bytes)
        for size in 1...bytes.count {
            var (buffer, found) = ([UInt8](), [ModbusFrame]())
            for start in stride(from: 0, to: bytes.count, by: size) {
                buffer += bytes[start..<min(start + size, bytes.count)]
                while let frame = try ModbusFrame.next(in: &buffer) { found.append(frame) }
            }
            #expect(found == frames && buffer.isEmpty)
        }
    }

    @Test(
        arguments: [
            [0, 0, 0, 1], Array("GET / HTTP/1.1".utf8), [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 255],
            [0, 0, 0, 0, 255, 255],
        ] as [[UInt8]])
    func whatIsNoModbusIsFoundOutAtOnce(bytes: [UInt8]) {
        var buffer = bytes
        #expect(throws: NoModbus()) { try ModbusFrame.next(in: &buffer) }
    }

    /// Damaged requests: whatever comes, there is one reply, no longer than Modbus allows, and nothing is written but by a valid write.
    @Test func noRequestCanDoWhatItMayNot() throws {
        let test = TestDesk.live()
        var random = SplitMix64(seed: 17)
        let seeds: [[UInt8]] = [
            [3, 0, 0, 0, 100], [2, 0, 0, 0, 13], [6, 0, 203, 0, 5], [16, 0, 200, 0, 2, 4, 0, 1, 0, 9],
            [23, 0, 240, 0, 4, 0, 200, 0, 2, 4, 0, 1, 0, 9], [15, 0, 0, 0, 8, 1, 0xFF],
        ]
        for round in 0..<20_000 {
            var pdu = seeds[round % seeds.count]
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: pdu[Int.random(in: 0..<pdu.count, using: &random)] = .random(in: 0...255, using: &random)
                case 1 where pdu.count > 1: pdu.removeLast()
                default: pdu.append(.random(in: 0...255, using: &random))
                }
            }
            let mayWrite = round % 2 == 0
            let before = test.read(200, 36)
            let (reply, order) = test.send(pdu, mayWrite: mayWrite)
            #expect(reply.count >= 2 && reply.count <= 253)
            let isRefused = reply[0] & 0x80 != 0
            if isRefused || !mayWrite || ![6, 16, 23].contains(pdu[0]) {
                #expect(test.read(200, 36) == before && order == nil, "\(pdu)")
            }
            if let order { test.desk.finish(order, .done, at: test.now) }
        }
    }
}

@Suite struct ModbusAccessTests {
    @Test(arguments: [
        ("192.168.10.0/24", "192.168.10.255", true), ("192.168.10.0/24", "192.168.11.0", false),
        ("192.168.10.5", "192.168.10.5", true), ("192.168.10.5", "192.168.10.4", false), ("0.0.0.0/0", "8.8.8.8", true),
        ("10.0.0.0/9", "10.127.0.1", true), ("10.0.0.0/9", "10.128.0.1", false), ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false), ("127.0.0.1/32", "::ffff:127.0.0.1", true), ("0.0.0.0/0", "fd12::1", false),
    ])
    func rangesHoldWhatBeginsAlike(range: String, address: String, isInside: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(NetworkAddress(address))) == isInside)
    }

    @Test(arguments: ["", "192.168.10", "192.168.10.0/33", "192.168.10.0/-1", "plc", "192.168.10.0/", "::/129"])
    func whatIsNoRangeIsNone(text: String) { #expect(AddressRange(text) == nil) }

    @Test func aPLCKeepsItsPlaceAgainstAnyNumberOfSilentClients() {
        var (connections, now) = (ModbusConnections(), ContinuousClock.now)
        _ = connections.admit(3, at: now)
        connections.ask(3, at: now)
        for id in 10..<110 {
            now += .milliseconds(100)
            let leaving = connections.admit(CInt(id), at: now)
            #expect(leaving != 3 && connections.ids.count <= ModbusConnections.limit)
        }
        #expect(connections.ids.contains(3))
    }

    @Test func ofThoseThatAskTheOneThatWasSilentForLongestLeaves() {
        var (connections, now) = (ModbusConnections(), ContinuousClock.now)
        for id in 1...8 {
            _ = connections.admit(CInt(id), at: now)
            connections.ask(CInt(id), at: now)
            now += .seconds(1)
        }
        connections.ask(1, at: now)
        #expect(connections.admit(9, at: now) == 2)
    }

    @Test func whoIsSilentOrTakesNoReplyIsClosed() {
        var (connections, now) = (ModbusConnections(), ContinuousClock.now)
        _ = connections.admit(1, at: now)
        _ = connections.admit(2, at: now)
        now += .seconds(59)
        connections.ask(2, at: now)
        connections.send(2, isBlocked: true, at: now)
        #expect(connections.overdue(at: now).isEmpty)
        now += .milliseconds(1001)
        connections.send(2, isBlocked: true, at: now)
        #expect(connections.overdue(at: now) == [1, 2])
    }
}
