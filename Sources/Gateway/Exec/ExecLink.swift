import Glibc
import Platform

/// A sink's way to a program on this computer: it gets a line on standard input, and answers with its number and a line's end on
/// standard output.
struct ExecLink: SinkLink {
    private let command: [String]
    private var program: ChildProgram?
    /// The line that waits for its answer.
    private var pending: (ticket: SinkCourse.Ticket, number: UInt64)?
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var events: [LinkEvent] = []

    /// A longer answer is none.
    private static let longestAnswer = 64

    init(_ command: [String]) { self.command = command }

    mutating func open() {
        close()
        do {
            program = try ChildProgram(command)
            events.append(.opened)
        } catch {
            events.append(.closed("\(command[0]): \(ErrnoText.describe(error.errno))"))
        }
    }

    mutating func close() {
        program?.kill()
        (program, pending, input, output) = (nil, nil, [], [])
    }

    mutating func send(_ tickets: [SinkCourse.Ticket], _ parcels: [SinkCourse.Parcel]) {
        for (ticket, parcel) in zip(tickets, parcels) {
            // The state of the line is for brokers.
            guard case .line(let message) = parcel else { continue }
            pending = (ticket, message.first)
            input += message.payload + [UInt8(ascii: "\n")]
        }
        push()
    }

    /// As much as the program takes now.
    private mutating func push() {
        guard let program, !input.isEmpty else { return }
        let count = write(program.input, input, input.count)
        if count > 0 {
            input.removeFirst(count)
        } else if errno != EAGAIN && errno != EINTR {
            end()
        }
    }

    mutating func wait(_ wake: WakeSignal, atMost limit: Duration) -> [LinkEvent] {
        if let program {
            // Who does not take a line does not answer it: its answer, or its end, is what is waited for. A tick asks again.
            wake.wait(program.output, atMost: events.isEmpty ? limit : .zero)
            push()
            pull()
        } else if events.isEmpty {
            wake.wait(atMost: limit)
        }
        defer { events = [] }
        return events
    }

    private mutating func pull() {
        guard let program else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(program.output, &buffer, buffer.count)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN && errno != EINTR { end() }
            return
        }
        output += buffer[..<count]
        while let index = output.firstIndex(of: UInt8(ascii: "\n")) {
            let answer = String(decoding: output[..<index], as: UTF8.self)
            output.removeSubrange(...index)
            guard let (ticket, number) = pending, UInt64(answer) == number else {
                return fail("answered \"\(PrintableText.line(answer, atMost: Self.longestAnswer))\"")
            }
            pending = nil
            events.append(.accepted(ticket))
        }
        if output.count > Self.longestAnswer { fail("answered with more than \(Self.longestAnswer) bytes in a line") }
    }

    private mutating func fail(_ what: String) {
        let expected = pending.map { "expected \"\($0.number)\", the number of its line" } ?? "expected nothing"
        close()
        events.append(.closed("\(command[0]) \(what): \(expected)"))
    }

    private mutating func end() {
        let words = program?.end ?? ""
        close()
        events.append(.closed("\(command[0]) \(words)"))
    }

    mutating func finish(_ wake: WakeSignal, within limit: Duration) -> [LinkEvent] {
        guard let program else { return [] }
        program.endInput()
        let end = ContinuousClock.now + limit
        // The answer that is under way may still come.
        while pending != nil, self.program != nil, .now < end { events += wait(wake, atMost: .milliseconds(50)) }
        defer { events = [] }
        close()
        return events
    }
}
