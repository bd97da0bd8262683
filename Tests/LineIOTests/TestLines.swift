import LineIO
import Settings
import Testing

/// Lines whose levels are looked at by the millisecond.
struct TestLines {
    var machine: OutputStateMachine
    private(set) var now = 0

    init(_ mode: Configuration.LineIO.Mode = .pulse, delay: Int = 0, inputs: [InputSignal] = []) {
        var io = Configuration.LineIO()
        io.mode = mode
        for (signal, pulse) in [
            (OutputSignal.ok, 50), (.ng, 50), (.invalid, 50), (.reject, 80), (.resultValid, 20), (.busy, 0),
            (.ready, 0),
            (.heartbeat, 0), (.healthy, 0), (.alarm, 0),
        ] {
            var output = Configuration.LineIO.Output()
            output.pulseMilliseconds = pulse
            if signal == .reject { output.delayMilliseconds = delay }
            io.outputs[signal] = output
        }
        for input in inputs { io.inputs[input] = Configuration.LineIO.Input() }
        machine = OutputStateMachine(io, now: .zero)
        machine.set(.init(isReady: true, isHealthy: true, isAlive: true), now: .zero)
    }

    var time: Duration { .milliseconds(now) }

    mutating func begin(_ number: UInt64) {
        let isTaken = machine.begin(number, at: time, now: time)
        #expect(isTaken)
    }

    mutating func decide(_ number: UInt64, _ outcome: OutputStateMachine.Outcome) {
        machine.decide(number, outcome, now: time)
    }

    /// From deadline to deadline, as the thread wakes.
    mutating func go(to end: Int) {
        while let next = machine.nextDeadline, next < .milliseconds(end) { jump(to: Int(next / .milliseconds(1))) }
        jump(to: end)
    }

    /// As a thread that gets no core in between.
    mutating func jump(to end: Int) {
        now = end
        machine.advance(to: time)
    }

    func isActive(_ signal: OutputSignal) -> Bool { machine.levels.contains(signal) }

    /// When a line was active until `end`, as ranges of milliseconds. Wakes as the thread does: at deadlines only.
    mutating func pulses(until end: Int) -> [OutputSignal: [Range<Int>]] {
        var (pulses, since): ([OutputSignal: [Range<Int>]], [OutputSignal: Int]) = ([:], [:])
        while true {
            for signal in OutputSignal.allCases {
                if isActive(signal) {
                    since[signal] = since[signal] ?? now
                } else if let start = since.removeValue(forKey: signal) {
                    pulses[signal, default: []].append(start..<now)
                }
            }
            guard let next = machine.nextDeadline, next <= .milliseconds(end) else { break }
            go(to: Int(next / .milliseconds(1)))
        }
        go(to: end)
        for (signal, start) in since { pulses[signal, default: []].append(start..<end) }
        return pulses
    }
}
