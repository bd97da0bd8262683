import Core
import FoundationEssentials
import Settings
import Testing

@Suite struct ConfigurationTests {
    private static let example = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../config.toml.example").standardizedFileURL.path

    @Test func anEmptyFileIsTheDefaults() throws {
        #expect(try Configuration(toml: "", file: "f") == Configuration())
    }

    @Test func theExampleIsTheDefaults() throws {
        #expect(try Configuration.load(path: Self.example) == Configuration())
    }

    @Test func theExampleShowsEveryKeyOnce() throws {
        var keys: [String] = []
        var table = ""
        for line in try String(contentsOfFile: Self.example, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("[") { table = line.dropFirst().dropLast() + "." }
            guard !line.hasPrefix("#"), let key = line.split(separator: " = ").first, line.contains(" = ") else {
                continue
            }
            keys.append(table + key)
        }
        func all<Key: CodingKey & CaseIterable>(_ keys: Key.Type, of table: String) -> [String] {
            Key.allCases.map { "\(table).\($0.stringValue)" }
        }
        let tables = [
            "station", "control", "page", "statistics", "alarm", "camera", "recipe", "line_io", "journal", "images",
            "log",
        ]
        let expected =
            Configuration.CodingKeys.allCases.map(\.stringValue).filter { !tables.contains($0) }
            + all(Configuration.Station.CodingKeys.self, of: "station")
            + all(Configuration.Control.CodingKeys.self, of: "control")
            + all(Configuration.Page.CodingKeys.self, of: "page")
            + all(Configuration.Statistics.CodingKeys.self, of: "statistics")
            + all(Configuration.Alarm.CodingKeys.self, of: "alarm")
            + all(Configuration.Camera.CodingKeys.self, of: "camera").filter { $0 != "camera.controls" }
            + all(Configuration.RecipeSettings.CodingKeys.self, of: "recipe")
            + all(Configuration.Journal.CodingKeys.self, of: "journal")
            + all(Configuration.Images.CodingKeys.self, of: "images")
            + all(Configuration.Log.CodingKeys.self, of: "log")
        #expect(keys.sorted() == expected.sorted())
    }

    /// The example's comments as running text.
    private static func comments() throws -> String {
        try String(contentsOfFile: example, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("#") }
            .map { $0.drop { $0 == "#" || $0 == " " } }.joined(separator: " ")
    }

    @Test func theExampleSaysOfMethodsAndTheirOptionsWhatTheirDefinitionsSay() throws {
        let text = try Self.comments()
        for method in Methods.all {
            #expect(text.contains("\"\(method.name)\": \(method.about.text)."), "\(method.about.text)")
        }
        for use in Methods.options.flatMap(\.uses) { #expect(text.contains(use.text), "\(use.text)") }
        for option in Methods.options { #expect(text.contains(" \(option.key) = "), "\(option.key)") }
    }

    /// A recipe with these lines.
    private static func values(_ lines: String...) throws -> [String: OptionValue] {
        try Configuration(toml: "[recipe]\n" + lines.joined(separator: "\n"), file: "f").recipes[0].settings.method
            .values
    }

    @Test func anOptionInTheFileHoldsAlsoWhereItIsAnotherMethodsDefault() throws {
        #expect(
            try Self.values(#"method = "padim""#, "local_averaging = true", #"aggregation = "top_percent""#)
                == [
                    "local_averaging": .flag(true), "aggregation": .choice("top_percent"), "dimensions": .number(100),
                ])
        #expect(
            try Self.values(#"method = "anomalydino""#, "foreground = false", "coreset_budget = 4096")
                == ["foreground": .flag(false), "coreset_budget": .number(4096), "rotations": .number(8)])
        #expect(
            try Self.values(#"method = "spade""#, "local_averaging = true")
                == ["local_averaging": .flag(true), "neighbours": .number(50)])
    }

    @Test(arguments: Methods.names) func anOptionThatTheFileDoesNotHaveIsTheMethodsDefault(name: String) throws {
        let method = try #require(Methods.named(name))
        #expect(try Self.values("method = \"\(name)\"") == method.values)
    }

    @Test(arguments: Methods.names) func everyOptionOfAMethodCanBeSetInTheFile(name: String) throws {
        var method = try #require(Methods.named(name))
        for option in method.definition.descriptions {
            let value: OptionValue =
                switch option.domain {
                case .flag: .flag(method.values[option.key] != .flag(true))
                case .number(let range): .number(range.upperBound)
                case .numbers(let numbers): .number(numbers[1])
                case .real(let range): .real(range.upperBound)
                case .choice(let names): .choice(names[1])
                }
            try method.set(option.key, to: value)
            #expect(
                try Self.values("method = \"\(name)\"", "\(option.key) = \(value.text)")[option.key] == value)
        }
    }

    @Test func everyKeyOfTheExampleIsRead() throws {
        let defaults = try Self.leaves(Configuration())
        let folder = try Self.leaves(Self.changed(Self.otherValues + Self.otherFolderValues))
        let device = try Self.leaves(Self.changed(Self.otherValues + Self.otherDeviceValues))
        // The options are another method's; LineIOSettingsTests has the lines, of which there are none by themselves.
        let keys = defaults.keys.filter { !$0.hasPrefix("recipe.method.options.") && $0 != "line_io" }
        #expect(Set(keys).isSubset(of: folder.keys))
        for (key, value) in defaults where key != "line_io" {
            #expect(folder[key] != value || device[key] != value, "\(key)")
        }
    }

    /// The example with each value replaced by another valid one: a key that was ignored would leave its default behind.
    private static func changed(_ values: [(String, String)]) throws -> Configuration {
        var text = try String(contentsOfFile: Self.example, encoding: .utf8)
        for (old, new) in values {
            try #require(text.contains("\n\(old)\n"), "\(old)")
            text = text.replacing("\n\(old)\n", with: "\n\(new)\n", maxReplacements: 1)
        }
        return try Configuration(toml: text, file: "f")
    }

    private static let otherFolderValues = [
        (#"path = "/srv/fsac/frames""#, #"path = "/f""#), (#"mode = "watch""#, #"mode = "replay""#),
        ("settle_ms = 500", "settle_ms = 501"), ("queue_length = 16", "queue_length = 17"),
        ("repeat = true", "repeat = false"), ("recursive = false", "recursive = true"),
        (#"complete_when = "auto""#, #"complete_when = "at_rest""#),
        ("accept_trailer = false", "accept_trailer = true"),
        (#"judged_files = "leave""#, #"judged_files = "move""#),
    ]

    private static let otherDeviceValues = [
        (#"source = "folder""#, #"source = "v4l2""#), (#"device = """#, #"device = "/dev/v4l/by-path/x""#),
        (#"card = """#, #"card = "vivid""#), (#"bus = """#, #"bus = "usb-1""#), (#"format = """#, #"format = "MJPG""#),
        ("warmup_frames = 3", "warmup_frames = 4"),
        ("[camera.controls]", "[camera.controls]\ngain = 5\nautogain = false\nauto_exposure = \"Manual Mode\""),
    ]

    private static let otherValues = [
        (#"state_directory = "/var/lib/fsac""#, #"state_directory = "/s""#),
        (#"models_directory = "/usr/share/fsac/models""#, #"models_directory = "/m""#),
        ("fit_memory_bytes = 0", "fit_memory_bytes = 1"), (#"precision = "auto""#, #"precision = "float32""#),
        ("compute_threads = 2", "compute_threads = 3"),
        (#"name = """#, #"name = "press-4""#), (#"listen = """#, #"listen = "[::1]:8744""#),
        (
            #"pin = """#,
            #"pin = "scrypt:c1f25f215221e52b6f05037f9d898a7a:2505d3e36211ea4dc4876ed01209ecff42b31d71caec391c231cda91d408ca54""#
        ),
        ("actions = []", #"actions = ["judge"]"#), (#"actions_listen = """#, #"actions_listen = "[::1]:8745""#),
        ("consecutive_ng = 0", "consecutive_ng = 5"), ("ng_of_last = []", "ng_of_last = [10, 50]"),
        ("consecutive_invalid = 0", "consecutive_invalid = 3"), ("no_part_for_s = 0", "no_part_for_s = 60"),
        ("stop = false", "stop = true"),
        (#"time_zone = """#, #"time_zone = "Asia/Shanghai""#),
        (#"shifts = [{ name = "day", from = "00:00" }]"#, #"shifts = [{ name = "d", from = "06:00" }]"#),
        ("hosts = []", #"hosts = ["press-4.plant"]"#), (#"socket = "/run/fsac/control.sock""#, #"socket = "/c""#),
        (#"socket_group = """#, #"socket_group = "g""#), ("max_connections = 64", "max_connections = 65"),
        ("header_timeout_s = 5", "header_timeout_s = 6"), ("request_timeout_s = 30", "request_timeout_s = 31"),
        ("idle_timeout_s = 30", "idle_timeout_s = 31"), (#"name = "camera1""#, #"name = "c2""#),
        (#"recipe = """#, #"recipe = "r2""#), ("rate_hz = 10.0", "rate_hz = 11"), ("height = 0", "height = 1"),
        (#"trigger = "continuous""#, #"trigger = "software""#), ("interval_ms = 1000", "interval_ms = 1001"),
        ("trigger_deadline_ms = 1000", "trigger_deadline_ms = 1001"),
        ("motion_start_level = 12.0", "motion_start_level = 13.0"),
        ("motion_stop_level = 4.0", "motion_stop_level = 5.0"), ("still_frames = 3", "still_frames = 4"),
        ("roi = []", "roi = [1, 2, 3, 4]"), ("ignore = []", "ignore = [[[0, 0], [9, 0], [0, 9]]]"),
        (#"object = "object""#, #"object = "cap""#),
        ("normal_states = []", #"normal_states = ["good {}"]"#),
        ("abnormal_states = []", #"abnormal_states = ["bent {}", "{} with rust"]"#),
        ("prompt_templates = []", #"prompt_templates = ["a {}."]"#),
        ("width = 0", "width = 1"), (#"name = "default""#, #"name = "r2""#),
        (#"backbone = "fsac-vit-small+efficientnet-lite0""#, #"backbone = "dinov2-small""#),
        ("input_size = 0", "input_size = 224"),
        (#"method = "auto""#, #"method = "padim""#), ("layers = []", "layers = [3, 1]"),
        ("smoothing = 0.5", "smoothing = 1.5"), ("sensitivity = 0.5", "sensitivity = 0.25"),
        ("min_brightness = 4.0", "min_brightness = 5.0"), ("max_brightness = 251.0", "max_brightness = 250.5"),
        ("frozen_frames = 5", "frozen_frames = 0"), (#"scene_shift = "warn""#, #"scene_shift = "off""#),
        ("teach_parts = 0", "teach_parts = 20"),
        (#"durability = "1s""#, #"durability = "each""#),
        (#"on_storage_failure = "no_verdict""#, #"on_storage_failure = "continue""#),
        ("sync_deadline_ms = 2000", "sync_deadline_ms = 3000"),
        ("segment_bytes = 67108864", "segment_bytes = 65536"), ("max_bytes = 4294967296", "max_bytes = 131072"),
        (#"save_images = "all""#, #"save_images = "ng""#), (#"save_heatmaps = "ng""#, #"save_heatmaps = "none""#),
        ("max_bytes = 10737418240", "max_bytes = 1048576"),
        ("ok_days = 0", "ok_days = 3"), ("invalid_days = 0", "invalid_days = 30"),
        ("uncertain_days = 0", "uncertain_days = 90"), ("ng_days = 0", "ng_days = 365"),
        ("ok_max_bytes = 0", "ok_max_bytes = 1"), ("invalid_max_bytes = 0", "invalid_max_bytes = 2"),
        ("uncertain_max_bytes = 0", "uncertain_max_bytes = 3"), ("ng_max_bytes = 0", "ng_max_bytes = 4"),
        ("min_free_bytes = 268435456", "min_free_bytes = 0"),
        ("jpeg_quality_percent = 95", "jpeg_quality_percent = 80"), ("queue_length = 8", "queue_length = 9"),
        (#"level = "info""#, #"level = "debug""#),
    ]

    @Test func severalCamerasAndRecipesAreRead() throws {
        let configuration = try Configuration(
            toml: """
                [[recipe]]
                name = "bottle"
                [[recipe]]
                name = "cap"
                roi = [10, 20, 300, 200]
                ignore = [
                    [[0, 0], [10, 0], [0, 10]],
                    [[5, 5], [6, 5],
                     [7, 9], [5, 9]],
                ]
                [[camera]]
                name = "left"
                recipe = "cap"
                [[camera]]
                name = "right"
                source = "v4l2"
                device = "/dev/v4l/by-id/x"
                height = 480
                width = 640
                format = "BA81"
                rate_hz = 0
                [camera.controls]
                gain = 7
                autogain = true
                auto_exposure = "Manual Mode"
                """, file: "f")
        #expect(configuration.recipes.map(\.name) == ["bottle", "cap"])
        #expect(configuration.recipes[1].roi == [10, 20, 300, 200])
        #expect(configuration.recipes[1].ignore.map(\.count) == [3, 4])
        #expect(configuration.cameras.map(\.name) == ["left", "right"])
        #expect(configuration.cameras.map(\.recipe) == ["cap", ""])
        #expect(configuration.cameras[0].controls.isEmpty)
        #expect(
            configuration.cameras[1].controls
                == ["gain": .number(7), "autogain": .flag(true), "auto_exposure": .choice("Manual Mode")])
        let again = try JSONDecoder().decode(Configuration.self, from: JSONEncoder().encode(configuration))
        #expect(again == configuration)
    }

    /// Every value by its path, as JSON text.
    private static func leaves(_ configuration: Configuration) throws -> [String: String] {
        let object = try JSONDecoder().decode([String: Leaf].self, from: JSONEncoder().encode(configuration))
        return object.reduce(into: [:]) { $0.merge($1.value.paths($1.key)) { first, _ in first } }
    }

    private indirect enum Leaf: Decodable {
        case value(String)
        case table([String: Leaf])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let table = try? container.decode([String: Leaf].self) {
                self = .table(table)
            } else if let flag = try? container.decode(Bool.self) {
                self = .value("\(flag)")
            } else if let number = try? container.decode(Double.self) {
                self = .value("\(number)")
            } else if let elements = try? container.decode([Leaf].self) {
                // The only camera and the only recipe go without a number.
                self = elements.count == 1 ? elements[0] : .value("\(elements)")
            } else {
                self = .value(try container.decode(String.self))
            }
        }

        func paths(_ prefix: String) -> [String: String] {
            switch self {
            case .value(let text): [prefix: text]
            case .table(let table) where table.isEmpty: [prefix: "empty"]
            case .table(let table):
                table.reduce(into: [:]) { $0.merge($1.value.paths("\(prefix).\($1.key)")) { first, _ in first } }
            }
        }
    }
}
