import Gateway
import Testing

@Suite struct ModbusCallTests {
    /// The examples of the Modbus Application Protocol 1.1b3, sections 6.1, 6.2, 6.3, 6.11 and 6.12.
    @Test func theSpecificationsExamplesAreAskedAndUnderstood() throws {
        let coils = ModbusCall.readCoils(address: 19, count: 19)
        #expect(coils.pdu == [1, 0, 0x13, 0, 0x13])
        let bits = "1011001111010110101".map { $0 == "1" }
        #expect(try coils.answer([1, 3, 0xCD, 0x6B, 0x05]) == .bits(bits))
        let inputs = ModbusCall.readInputs(address: 196, count: 22)
        #expect(inputs.pdu == [2, 0, 0xC4, 0, 0x16])
        #expect(try inputs.answer([2, 3, 0xAC, 0xDB, 0x35]) == .bits("0011010111011011101011".map { $0 == "1" }))
        let registers = ModbusCall.readRegisters(address: 107, count: 3)
        #expect(registers.pdu == [3, 0, 0x6B, 0, 3])
        #expect(try registers.answer([3, 6, 2, 0x2B, 0, 0, 0, 0x64]) == .registers([0x022B, 0, 0x64]))
        let outputs = ModbusCall.writeCoils(address: 19, "1011001110".map { $0 == "1" })
        #expect(outputs.pdu == [15, 0, 0x13, 0, 0x0A, 2, 0xCD, 1])
        #expect(try outputs.answer([15, 0, 0x13, 0, 0x0A]) == .written)
        let values = ModbusCall.writeRegisters(address: 1, [0x000A, 0x0102])
        #expect(values.pdu == [16, 0, 1, 0, 2, 4, 0, 0x0A, 1, 2])
        #expect(try values.answer([16, 0, 1, 0, 2]) == .written)
    }

    @Test(
        arguments: [
            [], [1], [2, 1, 1], [1, 1], [1, 2, 1], [1, 1, 1, 1], [1, 0], [0x81], [0x81, 2, 0], [0x82, 2],
            [15, 0, 0, 0, 8],
        ] as [[UInt8]])
    func whatIsNoAnswerToTheQuestionIsNone(reply: [UInt8]) {
        #expect(throws: DeviceError.nonsense) { try ModbusCall.readCoils(address: 0, count: 8).answer(reply) }
    }

    @Test func anotherPlaceOrCountThanWasWrittenIsNoConfirmation() {
        let call = ModbusCall.writeCoils(address: 3, [true, false])
        for reply in [[15, 0, 4, 0, 2], [15, 0, 3, 0, 1], [15, 0, 3, 0, 2, 0], [15, 0, 3]] as [[UInt8]] {
            #expect(throws: DeviceError.nonsense) { try call.answer(reply) }
        }
    }

    @Test func aRefusalHasItsNumberInWords() {
        let error = #expect(throws: DeviceError.self) {
            try ModbusCall.writeCoils(address: 0, [true]).answer([0x8F, 4])
        }
        #expect(error == .refused(function: 15, code: 4))
        #expect(error?.description.contains("refuses function 15 with exception 4") == true)
    }
}
