import Core
import Settings
import TOML
import TestSupport
import Testing

@Suite struct ConfigurationErrorTests {
    private static func message(_ toml: String) -> String {
        do {
            _ = try Configuration(toml: toml, file: "c.toml")
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        (
            "compute_threads = ",
            "configuration: c.toml:1:19: not TOML: "
        ),
        ("a = 1\na = 2", "configuration: c.toml:2:"),
        (
            "[camera]\nnam = \"x\"",
            "configuration: c.toml:2: camera.nam: no such key: did you mean name?"
        ),
        (
            "\n[camera]\n# comment\n  rate_hertz = 3",
            "configuration: c.toml:4: camera.rate_hertz: no such key: did you mean rate_hz?"
        ),
        (
            "[log]\nfrobnicate = 3",
            "configuration: c.toml:2: log.frobnicate: no such key: expected one of level"
        ),
        ("[camra]\nname = \"x\"", "configuration: c.toml:1: [camra]: no such table: did you mean [camera]?"),
        ("comput_threads = 2", "configuration: c.toml:1: comput_threads: no such key: did you mean compute_threads?"),
        (
            "[alarm]\nconsecutive = 3",
            "configuration: c.toml:2: alarm.consecutive: no such key: did you mean consecutive_ng?"
        ),
        (
            "[page]\nactions = [\"limit\"]",
            "configuration: c.toml:2: page.actions: expected some of \"acknowledge\", \"judge\", \"lot\", "
                + "\"recipe\", \"trigger\", got \"limit\""
        ),
        (
            "[page]\nactions_listen = \"0.0.0.0:8745\"",
            "configuration: c.toml:2: page.actions_listen: expected an address of the loopback interface and a port"
        ),
        (
            "[page]\npin = \"4711\"",
            "configuration: c.toml:2: page.pin: expected what `fsacctl page-pin` prints, or \"\""
        ),
        (
            "[alarm]\nng_of_last = [6, 5]",
            "configuration: c.toml:2: alarm.ng_of_last: expected [n, m], n NG of the newest m parts, with 1 <= n <= m <= 1000, or []"
        ),
        ("[alarm]\nng_of_last = [1, 2.0]", "configuration: c.toml:2: alarm.ng_of_last: expected [n, m]"),
        (
            "[statistics]\ntime_zone = \"Berlin\"",
            "configuration: c.toml:2: statistics.time_zone: expected the name of a time zone, as in \"Europe/Berlin\", or \"\", "
                + "got \"Berlin\""
        ),
        (
            "[statistics]\nshifts = [{ name = \"a\", form = \"06:00\" }]",
            "configuration: c.toml:2: statistics.shifts.form: no such key: did you mean from?"
        ),
        (
            "[statistics]\nshifts = [{ name = \"a\", from = \"24:00\" }]",
            "configuration: c.toml:2: statistics.shifts.from: expected a time from \"00:00\" to \"23:59\", got \"24:00\""
        ),
        (
            "[statistics]\nshifts = [{ name = \"a\", from = \"06:00\" }, { name = \"b\", from = \"06:00\" }]",
            "configuration: c.toml:2: statistics.shifts.name: expected a name and a beginning that no other shift has, "
                + "got \"b\" from \"06:00\""
        ),
        ("[statistics]\nshifts = []", "configuration: c.toml:2: statistics.shifts: expected 1 to 24 shifts, as in "),
        (
            "[statistics]\nshifts = [{ name = \"a\" }]",
            "configuration: c.toml:2: statistics.shifts.from: expected 1 to 24"
        ),
        (
            "camera = 5",
            "configuration: c.toml:1: camera: expected the table [camera], got the integer 5"
        ),
        (
            "[recipe]\ninput_size = \"320\"",
            "configuration: c.toml:2: recipe.input_size: expected a whole number from 0 to 2048, got the string \"320\""
        ),
        (
            "[recipe]\ninput_size = 2049",
            "configuration: c.toml:2: recipe.input_size: expected a whole number from 0 to 2048, got 2049"
        ),
        (
            "[recipe]\ninput_size = 320.0",
            "configuration: c.toml:2: recipe.input_size: expected a whole number from 0 to 2048, "
                + "got the floating-point number 320.0"
        ),
        (
            "[camera]\nrate_hz = nan",
            "configuration: c.toml:2: camera.rate_hz: expected a number from 0.0 to 1000.0, got nan"
        ),
        (
            "[camera]\nmode = \"loop\"",
            "configuration: c.toml:2: camera.mode: expected \"watch\" or \"replay\", got \"loop\""
        ),
        (
            "[recipe]\nmethod = \"padim\"\nlocal_averaging = 1",
            "configuration: c.toml:3: recipe.local_averaging: expected true or false, got the integer 1"
        ),
        (
            "[recipe]\nlayers = [3, 3]",
            "configuration: c.toml:2: recipe.layers: expected a list of different whole numbers from 1 to 64, got 3"
        ),
        (
            "[recipe]\nrotations = 3",
            "configuration: c.toml:2: recipe.rotations: expected 1, 2, 4, 8 or 12, got 3"
        ),
        (
            "[recipe]\nfit_budget = nan",
            "configuration: c.toml:2: recipe.fit_budget: expected a number from 1.0 to 3600.0, got nan"
        ),
        (
            "[recipe]\nmethod = \"padim\"\naggregation = \"patchcore\"",
            "configuration: c.toml:3: recipe.aggregation: expected \"top_percent\" or \"maximum\", got \"patchcore\""
        ),
        (
            "[recipe]\n\nrotations = 4\nmethod = \"padim\"",
            "configuration: c.toml:3: recipe.rotations: not an option of padim, which has local_averaging, aggregation "
                + "and dimensions: leave it out, or choose auto, patch-memory, anomalydino, fsac or clip-fsac"
        ),
        (
            "[recipe]\nmethod = \"winclip\"\nepochs = 100",
            "configuration: c.toml:3: recipe.epochs: not an option of winclip, which has none: leave it out, or choose "
                + "clip-fsac"
        ),
        (
            "[recipe]\nmethod = \"patch\"",
            "configuration: c.toml:2: recipe.method: expected \(OptionDomain.choice(Methods.names).words), got \"patch\""
        ),
        (
            "[recipe]\ncoreset_budgt = 4",
            "configuration: c.toml:2: recipe.coreset_budgt: no such key: did you mean coreset_budget?"
        ),
        (
            "[recipe]\nfrozen_frames = 1",
            "configuration: c.toml:2: recipe.frozen_frames: expected 0 (off) or 2 to 1000, got 1"
        ),
        (
            "[recipe]\nname = \"../x\"",
            "configuration: c.toml:2: recipe.name: expected 1 to 64 letters, digits, '-', '_' or '.', "
                + "starting with a letter or digit, got \"../x\""
        ),
        (
            "state_directory = \"fsac\"",
            "configuration: c.toml:1: state_directory: expected an absolute path of at most 1024 bytes, got \"fsac\""
        ),
        (
            "[recipe]\nmin_brightness = 200\nmax_brightness = 100",
            "configuration: c.toml:2: recipe.min_brightness: got min_brightness 200.0 and max_brightness 100.0: "
                + "no picture lies between: lower the first or raise the second"
        ),
        (
            "[camera]\nheight = 480",
            "configuration: c.toml:2: camera.height: got height 480 and width 0: "
                + "set both, or none to accept any size"
        ),
        (
            "[journal]\nmax_bytes = 131072",
            "configuration: c.toml:2: journal.max_bytes: got max_bytes 131072 and segment_bytes 67108864: "
                + "retention works in whole segments: make max_bytes at least twice segment_bytes"
        ),
        (
            "[[camera]]\n\n[[camera]]\nname = \"b\"\nheigth = 3",
            "configuration: c.toml:5: camera.heigth: no such key: did you mean height?"
        ),
        (
            "[[camera]]\nqueue_length = 3\n[[camera]]\nname = \"b\"\nqueue_length = 0",
            "configuration: c.toml:5: camera.queue_length: expected a whole number from 1 to 256, got 0"
        ),
        (
            "[[camera]]\nname = \"a\"\n[[camera]]\nname = \"a\"",
            "configuration: c.toml:4: camera.name: expected a name that no other [[camera]] has, got \"a\""
        ),
        (
            "[[recipe]]\n[[recipe]]\nlayers = [1]",
            "configuration: c.toml:2: recipe.name: expected a name that no other [[recipe]] has, got \"default\""
        ),
        (
            "[[camera]]\nsource = \"v4l2\"\nheight = 48\nwidth = 64\ndevice = \"/dev/x\"\n[[camera]]\nname = \"b\"\n"
                + "source = \"v4l2\"\nheight = 48\nwidth = 64\ndevice = \"/dev/x\"",
            "configuration: c.toml:11: camera.device: expected a device that no other camera has, got \"/dev/x\", which is "
                + "camera1's"
        ),
        ("camera = []", "configuration: c.toml:1: camera: expected at least one [[camera]], got an empty list"),
        ("camera = [1]", "configuration: c.toml:1: camera: expected the table [camera], got the integer 1"),
        (
            "[camera]\nrecipe = \"cap\"\n[recipe]\nname = \"bottle\"",
            "configuration: c.toml:2: camera.recipe: expected the name of a recipe (bottle), got \"cap\""
        ),
        (
            "[camera]\nsource = \"v4l2\"",
            "configuration: c.toml:1: camera.device: source = \"v4l2\" needs the device: name a link below"
        ),
        (
            "[camera]\nsource = \"v4l2\"\ndevice = \"/dev/v4l/x\"",
            "configuration: c.toml:1: camera.height: source = \"v4l2\" needs height and width, for a camera remembers the "
                + "size that another program chose: `fsacctl camera formats` lists them"
        ),
        (
            "[camera]\nsource = \"v4l2\"\ndevice = \"/dev/v4l/x\"\npath = \"/x\"",
            "configuration: c.toml:4: camera.path: is for source = \"folder\", got source = \"v4l2\": "
        ),
        (
            "[camera]\ndevice = \"/dev/v4l/x\"",
            "configuration: c.toml:2: camera.device: is for source = \"v4l2\", got source = \"folder\": "
        ),
        (
            "[camera]\nsource = \"v4l2\"\ndevice = \"video0\"",
            "configuration: c.toml:3: camera.device: expected an absolute path below /dev, or \"\", got \"video0\""
        ),
        (
            "[camera]\nsource = \"v4l2\"\ndevice = \"/dev/x\"\nformat = \"MJPEG\"",
            "configuration: c.toml:4: camera.format: expected a four-character code such as \"MJPG\", or \"\", "
                + "got \"MJPEG\""
        ),
        (
            "[camera]\nrate_hz = 0",
            "configuration: c.toml:2: camera.rate_hz: expected a number from 0.01 to 1000.0 for a folder, got 0.0"
        ),
        (
            "[camera]\nsource = \"v4l2\"\ndevice = \"/dev/x\"\nheight = 1\nwidth = 1\nrate_hz = 1e-300",
            "configuration: c.toml:6: camera.rate_hz: expected a number from 0.01 to 1000.0, or 0.0 for the camera's own "
                + "choice, got 1e-300"
        ),
        (
            "[camera]\ntrigger = \"software\"",
            "configuration: c.toml:2: camera.trigger: got \"software\" and mode = \"watch\", where every file is a part"
        ),
        (
            "[camera]\nmotion_stop_level = 12",
            "configuration: c.toml:2: camera.motion_stop_level: got motion_stop_level 12.0 and motion_start_level 12.0"
        ),
        (
            "[camera]\nname = \"a\"\n[camera.controls]\ngain = 1\nexposure = 1.5",
            "configuration: c.toml:5: camera.controls.exposure: expected a whole number, true or false, or the name "
                + "of a menu's entry, got the floating-point number 1.5"
        ),
        (
            "[[camera]]\nsource = \"v4l2\"\ndevice = \"/dev/x\"\nheight = 48\nwidth = 64\n[camera.controls]\ngain = 1\n"
                + "[[camera]]\nname = \"b\"\n[camera.controls]\ngain = []",
            "configuration: c.toml:11: camera.controls.gain: expected a whole number, true or false"
        ),
        (
            "[recipe]\nroi = [1, 2, 3]",
            "configuration: c.toml:2: recipe.roi: expected [x, y, width, height] in pixels, the sides at least 1, or [], "
                + "got [1, 2, 3]"
        ),
        ("[recipe]\nroi = [1, 2, 0, 3]", "configuration: c.toml:2: recipe.roi: expected [x, y, width, height]"),
        ("[recipe]\nroi = [-1, 2, 3, 3]", "configuration: c.toml:2: recipe.roi: expected [x, y, width, height]"),
        (
            "[recipe]\nignore = [[[0, 0], [1, 1]]]",
            "configuration: c.toml:2: recipe.ignore: expected a list of polygons, each of at least 3 points [x, y] in "
                + "pixels, got a polygon of 2 points"
        ),
        ("[recipe]\nignore = [[[0, 0], [1, 1], [2]]]", "configuration: c.toml:2: recipe.ignore: expected a list of"),
        ("[recipe]\nignore = [[0, 0]]", "configuration: c.toml:2: recipe.ignore: expected a list of polygons"),
        (
            "[recipe]\nignore = [\n  [[0, 0], [1, 0], [1, 1]],\n]\nsmoothing = 99",
            "configuration: c.toml:5: recipe.smoothing: expected a number from 0.0 to 10.0, got 99.0"
        ),
        ("[recipe]\nobject = \"\"", "configuration: c.toml:2: recipe.object: expected 1 to 100 characters, got \"\""),
        (
            "[recipe]\nobject = \"nut &amp; bolt\"",
            "configuration: c.toml:2: recipe.object: expected a text without HTML's references (write the character itself), "
                + "got &amp;"
        ),
        (
            "[recipe]\nnormal_states = [\"good {}\", \"one\\ttab {}\"]",
            "configuration: c.toml:2: recipe.normal_states: expected a text without control characters (take it out or write "
                + "a space), got U+0009"
        ),
        ("compute_threads = 2\n\0[camera]", "configuration: c.toml:2:1: not TOML: expected "),
        ("[recipe.extra]\nx = 1", "configuration: c.toml:1: [recipe.extra]: no such table: expected one of"),
    ])
    func everyMistakeIsNamedWithItsPlace(toml: String, expected: String) {
        let message = Self.message(toml)
        #expect(message.hasPrefix(expected), "\(message)")
    }

    private static let ranges: [(table: String, key: String, least: Int, most: Int)] = [
        ("", "compute_threads", 1, 256), ("", "fit_memory_bytes", 0, 1 << 50), ("control", "max_connections", 1, 1000),
        ("control", "header_timeout_s", 1, 60),
        ("control", "request_timeout_s", 1, 600), ("control", "idle_timeout_s", 1, 3600),
        ("camera", "settle_ms", 10, 60_000), ("camera", "warmup_frames", 0, 1000),
        ("camera", "interval_ms", 10, 3_600_000), ("camera", "trigger_deadline_ms", 10, 600_000),
        ("camera", "still_frames", 1, 1000),
        ("camera", "queue_length", 1, 256), ("recipe", "input_size", 0, 2048),
        ("recipe", "coreset_budget", 0, 1_000_000), ("journal", "segment_bytes", 65_536, 1 << 30),
        ("images", "max_bytes", 1 << 20, 1 << 50), ("images", "min_free_bytes", 0, 1 << 50),
        ("images", "ok_days", 0, 36_500), ("images", "invalid_days", 0, 36_500),
        ("images", "uncertain_days", 0, 36_500),
        ("images", "ng_days", 0, 36_500), ("images", "ok_max_bytes", 0, 1 << 50),
        ("images", "invalid_max_bytes", 0, 1 << 50), ("images", "uncertain_max_bytes", 0, 1 << 50),
        ("images", "ng_max_bytes", 0, 1 << 50),
        ("images", "jpeg_quality_percent", 1, 100), ("images", "queue_length", 1, 256),
    ]

    /// G2 of the fault matrix: each number below, at and above its range.
    @Test(arguments: ranges)
    func wholeNumbersHaveARange(table: String, key: String, least: Int, most: Int) {
        func message(_ value: String) -> String {
            let device =
                key == "warmup_frames" ? "source = \"v4l2\"\ndevice = \"/dev/v4l/x\"\nheight = 48\nwidth = 64\n" : ""
            return Self.message(table.isEmpty ? "\(key) = \(value)" : "[\(table)]\n\(device)\(key) = \(value)")
        }
        #expect(message("\(least)") == "accepted")
        #expect(message("\(most)") == "accepted")
        for value in ["\(least - 1)", "\(most + 1)", "\"\(least)\"", "true", "[]", "1979-05-27"] {
            #expect(
                message(value).contains("\(key): expected a whole number from \(least) to \(most), got"), "\(value)")
        }
    }

    @Test func aMissingFileIsNamed() {
        #expect(throws: ConfigurationError.unreadable(path: "/nowhere/c.toml", reason: "No such file or directory")) {
            try Configuration.load(path: "/nowhere/c.toml")
        }
    }

    @Test func aFileThatIsNoTextIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write([0xFF, 0xFE, 0x00], to: "c.toml")
        #expect(throws: ConfigurationError.self) { try Configuration.load(path: "\(folder.path)/c.toml") }
        #expect(throws: ConfigurationError.self) { try Configuration.load(path: folder.path) }
    }
}
