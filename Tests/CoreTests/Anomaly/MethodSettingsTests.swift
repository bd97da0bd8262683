import Core
import Foundation
import Testing

@Suite struct MethodSettingsTests {
    private func refusal(_ method: String, _ key: String, _ value: OptionValue) throws -> String? {
        var method = try #require(Methods.named(method))
        do {
            try method.set(key, to: value)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func anOptionThatAMethodDoesNotHaveIsRefusedAndSaysWhatItHasAndWhoHasIt() throws {
        #expect(
            try refusal("padim", "rotations", .number(4))
                == "rotations: not an option of padim, which has local_averaging, aggregation and dimensions: leave it out, "
                + "or choose auto, patch-memory, anomalydino, fsac or clip-fsac")
        #expect(try refusal("spade", "foreground", .flag(true))?.contains("not an option of spade") == true)
        #expect(try refusal("patchcore", "aggregation", .choice("maximum")) != nil)
        #expect(try refusal("patch-memory", "dimensions", .number(7)) != nil)
        #expect(
            try refusal("padim", "preset", .choice("visa"))
                == "preset: not an option of padim, which has local_averaging, aggregation and dimensions: leave it out, "
                + "or choose clip-fsac")
        #expect(try refusal("winclip", "rotations", .number(4))?.contains("which has none") == true)
    }

    @Test func aValueOfAnotherTypeOrOutOfRangeIsRefused() throws {
        #expect(
            try refusal("padim", "aggregation", .choice("patchcore"))
                == "aggregation: expected \"top_percent\" or \"maximum\" for padim, got \"patchcore\"")
        #expect(
            try refusal("padim", "dimensions", .number(0))
                == "dimensions: expected a whole number from 1 to 4096 for padim, got 0")
        #expect(try refusal("spade", "neighbours", .number(0)) != nil)
        #expect(
            try refusal("patch-memory", "rotations", .number(3))
                == "rotations: expected 1, 2, 4 or 8 for patch-memory, got 3")
        #expect(try refusal("patch-memory", "rotations", .flag(true)) != nil)
        #expect(try refusal("auto", "fit_budget", .real(.nan)) != nil)
        #expect(try refusal("auto", "fit_budget", .number(3)) == nil)
        #expect(try refusal("spade", "local_averaging", .number(1)) != nil)
    }

    @Test(arguments: Methods.names) func aMethodsOwnSettingsAreSound(name: String) throws {
        let method = try #require(Methods.named(name))
        #expect(method.name == name)
        #expect(MethodSettings(method: method).problem(layerCount: 1) == nil)
        #expect(method.values.count == method.definition.descriptions.count)
        #expect(!method.definition.about.summary.isEmpty)
    }

    @Test(arguments: Methods.names) func everyOptionIsKeptWhereItIsSet(name: String) throws {
        for option in try #require(Methods.named(name)).definition.descriptions {
            var method = try #require(Methods.named(name))
            let value: OptionValue =
                switch (option.domain, method.values[option.key]) {
                case (.flag, .flag(let flag)): .flag(!flag)
                case (.number(let range), _): .number(range.upperBound)
                case (.numbers(let numbers), _): .number(numbers[1])
                case (.real(let range), _): .real(range.lowerBound)
                case (.choice(let names), _): .choice(names[1])
                default: .flag(false)
                }
            var expected = method.values
            expected[option.key] = value
            try method.set(option.key, to: value)
            #expect(method.values == expected)
            let settings = MethodSettings(method: method, layers: [1])
            #expect(
                try JSONDecoder().decode(MethodSettings.self, from: JSONEncoder().encode(settings)) == settings)
        }
    }

    @Test func namesAndKindsAreOfOneMethodOnly() {
        #expect(Set(Methods.names).count == Methods.all.count)
        var types: [String: String] = [:]
        for header in Methods.all.flatMap({ $0.headers }) {
            #expect(types.updateValue("\(header)", forKey: header.kind) ?? "\(header)" == "\(header)")
        }
        for method in Methods.all { #expect(Set(method.descriptions.map(\.key)).count == method.descriptions.count) }
    }

    @Test func defaultsAreFilledInUnlessTheFitChooses() {
        let filled = MethodSettings(method: SPADEMethod()).withDefaults(inputSize: 64, layers: [2])
        #expect(filled.inputSize == 64 && filled.layers == [2])
        let asked = MethodSettings(layers: [1], inputSize: 32).withDefaults(inputSize: 64, layers: [2])
        #expect(asked.inputSize == 32 && asked.layers == [1])
        let chosen = MethodSettings(method: AutoMethod()).withDefaults(inputSize: 64, layers: [2])
        #expect(chosen.inputSize == nil && chosen.layers.isEmpty)
    }
}
