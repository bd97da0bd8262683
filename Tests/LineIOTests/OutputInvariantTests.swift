import LineIO
import Settings
import Testing

/// Every order of a few things that may happen, with every mode: what must hold always does.
@Suite struct OutputInvariantTests {
    private enum Step: CaseIterable { case begin, ok, ng, acknowledge, lose, away, wait, waitLong }

    struct Setting: CustomTestStringConvertible, Sendable {
        var mode: Configuration.LineIO.Mode
        var delay: Int
        var testDescription: String { "\(mode), delay \(delay) ms" }
    }

    private static let settings = Configuration.LineIO.Mode.allCases.flatMap { mode in
        [0, 30, 150].map { Setting(mode: mode, delay: $0) }
    }

    private struct Run {
        var lines: TestLines
        let delay: Int
        var next: UInt64 = 1
        /// Without a verdict, in their order.
        var open: [UInt64] = []
        /// Of those that got OK.
        var okAt: [UInt64: Int] = [:]
        var begunAt: [UInt64: Int] = [:]
        var lost: Set<UInt64> = []
        /// Under way when the lines were away.
        var barred: Set<UInt64> = []
        /// What the lines said of each.
        var said: [UInt64: OutputStateMachine.Outcome] = [:]
        var order: [UInt64] = []

        init(_ setting: Setting) {
            lines = TestLines(setting.mode, delay: setting.delay, inputs: [.acknowledge])
            lines.go(to: 10)
            delay = setting.delay
        }

        mutating func take(_ step: Step) -> String? {
            switch step {
            case .begin:
                begunAt[next] = lines.now
                lines.begin(next)
                open.append(next)
                next += 1
            case .ok, .ng:
                guard !open.isEmpty else { return nil }
                let number = open.removeFirst()
                if step == .ok { okAt[number] = lines.now }
                lines.decide(number, step == .ok ? .ok : .ng)
            case .acknowledge: lines.machine.acknowledge(at: lines.time, now: lines.time)
            case .lose:
                lost.insert(next)
                lines.machine.lose(next, after: nil, before: lines.time, now: lines.time)
                next += 1
            case .away:
                lines.machine.linesLost(now: lines.time)
                lines.machine.linesTaken(now: lines.time)
                barred.formUnion(begunAt.keys.filter { said[$0] == nil })
            case .wait: return go(for: 17)
            case .waitLong: return go(for: 123)
            }
            return look()
        }

        /// From deadline to deadline, as the thread wakes, and looks at each.
        mutating func go(for count: Int) -> String? {
            let end = lines.now + count
            while lines.now < end {
                let next = lines.machine.nextDeadline.map { Int($0 / .milliseconds(1)) } ?? end
                lines.go(to: min(next, end))
                if let wrong = look() { return wrong }
            }
            return nil
        }

        private mutating func look() -> String? {
            let (levels, now) = (lines.machine.levels, lines.now)
            let words = levels.intersection([.ok, .ng, .invalid])
            if words.count > 1 { return "\(words) together" }
            guard let shown = lines.machine.shown else { return words.isEmpty ? nil : "\(words) of no part" }
            if said.updateValue(shown.outcome, forKey: shown.number) == nil { order.append(shown.number) }
            if said[shown.number] != shown.outcome { return "part \(shown.number) was said to be both" }
            if levels.contains(.ok) {
                guard let at = okAt[shown.number] else { return "ok without an OK" }
                if barred.contains(shown.number) { return "an OK of before the lines were away" }
                if delay == 0, levels.contains(.reject) { return "ok and reject" }
                if delay > 0, let begun = begunAt[shown.number], at >= begun + delay { return "an OK that was late" }
            }
            if delay > 0 {
                for (number, begun) in begunAt where now == begun + delay && said[number] != .ok {
                    if !levels.contains(.reject) { return "no reject of part \(number) at \(now)" }
                }
            }
            return nil
        }

        /// Reads everything that is still to come.
        mutating func finish() -> String? {
            while !open.isEmpty { if let wrong = take(.ng) { return wrong } }
            for _ in 0..<12 { if let wrong = go(for: 60) ?? take(.acknowledge) { return wrong } }
            let all = Set(begunAt.keys).union(lost)
            if Set(said.keys) != all || order.count != all.count { return "said \(order) of \(all.sorted())" }
            return lost.contains { said[$0] == .ok } ? "a lost part that was OK" : nil
        }
    }

    @Test(arguments: settings) func noOrderOfEventsMakesAPartPassThatGotNoOKInTime(_ setting: Setting) {
        let steps = Step.allCases
        let length = 4
        var found: [String] = []
        for code in 0..<Int(pow(steps.count, length)) where found.isEmpty {
            var (run, rest, taken) = (Run(setting), code, [Step]())
            for _ in 0..<length {
                taken.append(steps[rest % steps.count])
                rest /= steps.count
            }
            for step in taken {
                if let wrong = run.take(step) { found.append("\(taken): \(wrong)") }
            }
            if found.isEmpty, let wrong = run.finish() { found.append("\(taken): \(wrong)") }
        }
        #expect(found.isEmpty, "\(found.first ?? "")")
    }

    private func pow(_ base: Int, _ exponent: Int) -> Int { (0..<exponent).reduce(1) { power, _ in power * base } }
}
