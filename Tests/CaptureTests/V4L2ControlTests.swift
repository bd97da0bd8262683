import Capture
import ControlProtocol
import Core
import Glibc
import Settings
import Testing

/// Controls by name, and formats by code.
@Suite struct V4L2ControlTests {
    private static let controls = [
        CameraControl(id: 1, name: "exposure_time_absolute", kind: .integer, range: 1...5000, standard: 157),
        CameraControl(
            id: 2, name: "auto_exposure", kind: .menu, range: 0...3, standard: 3,
            menu: [.init(index: 1, name: "Manual Mode"), .init(index: 3, name: "Aperture Priority Mode")]),
        CameraControl(id: 3, name: "white_balance_automatic", kind: .boolean, range: 0...1, standard: 1),
    ]

    private func scripted() -> (ScriptedCamera, Configuration.Camera) {
        let scripted = ScriptedCamera()
        scripted.controls = Self.controls
        var settings = Configuration.Camera.scripted
        settings.controls = [
            "exposure_time_absolute": .number(200), "auto_exposure": .choice("manual mode"),
            "white_balance_automatic": .flag(false),
        ]
        return (scripted, settings)
    }

    @Test func automaticsAreSwitchedBeforeTheValuesTheyHold() throws {
        let (scripted, settings) = scripted()
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(
            scripted.log.filter { $0.hasPrefix("set") } == [
                "set auto_exposure 1", "set white_balance_automatic 0", "set exposure_time_absolute 200",
            ])
        #expect(camera.reading.differences.isEmpty)
    }

    @Test func controlsAreSetAgainAfterAReconnect() throws {
        let (scripted, settings) = scripted()
        scripted.script = [.frame(), .poll(.gone)]
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(camera.failure() != nil)
        scripted.values = [:]
        #expect(try camera.frame()?.isPicture == true)
        #expect(scripted.values == [1: 200, 2: 1, 3: 0])
    }

    @Test func aControlThatKeepsAnotherValueIsReported() throws {
        let (scripted, settings) = scripted()
        scripted.failures = ["S_EXT_CTRLS": [EBUSY]]
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(
            camera.reading.differences == [
                "control auto_exposure: asked for Manual Mode, the camera has Aperture Priority Mode"
            ])
    }

    @Test(arguments: [EIO, EPIPE, ETIMEDOUT]) func aBrokenControlIsNoReasonToGiveTheCameraUp(errno: CInt) throws {
        let scripted = ScriptedCamera()
        scripted.controls = [
            CameraControl(
                id: 0x009a_0902, name: "exposure_time_absolute", kind: .integer, range: 1...5000, standard: 157)
        ]
        scripted.failures = ["QUERY_EXT_CTRL": [errno]]
        #expect(try CaptureThread(.scripted, system: scripted).frame()?.isPicture == true)
        scripted.failures = ["G_EXT_CTRLS": [errno]]
        #expect(try CaptureThread(.scripted, system: scripted).frame()?.isPicture == true)
    }

    @Test func aControlThatCannotBeReadBackIsReported() throws {
        var (scripted, settings) = scripted()
        settings.controls = ["auto_exposure": .number(1)]
        scripted.failures = ["S_EXT_CTRLS": [EIO], "G_EXT_CTRLS": [EPIPE]]
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(
            camera.reading.differences == [
                "control auto_exposure: asked for Manual Mode, the camera does not say what it has: Broken pipe"
            ])
    }

    @Test(arguments: ["QUERY_EXT_CTRL", "G_EXT_CTRLS"]) func aCameraThatGoesMeanwhileIsGone(request: String) {
        let (scripted, settings) = scripted()
        scripted.failures = [request: [ENODEV]]
        let camera = CaptureThread(settings, system: scripted)
        #expect(camera.failure() == .disconnected(path: "/dev/cam") && scripted.openDevices == 0)
    }

    @Test(arguments: [Int.max, .min, -1, 1 << 40]) func anExposureThatCannotBeIsUnknown(value: Int) throws {
        let scripted = ScriptedCamera()
        scripted.controls = [
            CameraControl(
                id: 0x009a_0902, name: "exposure_time_absolute", kind: .integer64, range: 0...1, standard: value)
        ]
        scripted.script = [.frame(late: .milliseconds(501))]
        #expect(
            try CaptureThread(.scripted, system: scripted).frame()?.payload == .failure(.stale(milliseconds: 501)))
    }

    @Test func menusHaveTheLimitsThatMenusHave() {
        #expect(CameraControl.menuIndices(from: 0, to: 3) == 0...3)
        #expect(CameraControl.menuIndices(from: 5, to: 5) == 5...5)
        for (minimum, maximum) in [(-1, 3), (3, 2), (0, 1000), (.min, .max), (1 << 32, 1 << 32)] as [(Int64, Int64)] {
            #expect(CameraControl.menuIndices(from: minimum, to: maximum) == nil)
        }
    }

    @Test func anUnknownControlListsThoseThatAreThere() throws {
        var (scripted, settings) = scripted()
        settings.controls = ["exposure": .number(200)]
        let camera = CaptureThread(settings, system: scripted)
        let error = try #require(camera.failure())
        #expect(error.state == .cameraMismatch && scripted.openDevices == 0)
        #expect(
            error.description.contains(
                "no control exposure: it has auto_exposure, exposure_time_absolute, white_balance_automatic"))
    }

    @Test(arguments: [
        ("exposure_time_absolute", Configuration.ControlValue.number(5001), "1 to 5000"),
        ("exposure_time_absolute", .flag(true), "1 to 5000"),
        ("auto_exposure", .choice("Auto"), "\"Manual Mode\", \"Aperture Priority Mode\""),
        ("auto_exposure", .number(2), "\"Manual Mode\", \"Aperture Priority Mode\""),
        ("white_balance_automatic", .number(2), "true or false"),
    ])
    func aValueThatCannotBeListsThoseThatCan(name: String, value: Configuration.ControlValue, allowed: String) throws {
        var (scripted, settings) = scripted()
        settings.controls = [name: value]
        let camera = CaptureThread(settings, system: scripted)
        let error = try #require(camera.failure())
        #expect(error.description.hasSuffix("expected \(allowed)"))
        #expect(!scripted.log.contains { $0.hasPrefix("set") })
    }

    @Test func controlsHaveTheNamesThatV4L2CtlPrints() {
        #expect(CameraControl.name(from: "White Balance, Automatic") == "white_balance_automatic")
        #expect(CameraControl.name(from: "Exposure Time, Absolute") == "exposure_time_absolute")
        #expect(CameraControl.name(from: "Y'CbCr Encoding") == "y_cbcr_encoding")
    }

    @Test func codesAreTextsWithoutTheirSpaces() throws {
        #expect(try #require(FourCC("YUYV")).code == 0x5659_5559)
        #expect(FourCC("Y16") == FourCC("Y16 ") && FourCC("Y16")?.description == "Y16")
        #expect(FourCC(code: 0xA036_3159).description == "Y16-BE")
        #expect(FourCC("") == nil && FourCC("YUYV2") == nil && FourCC("YÜY") == nil)
    }

    @Test func formatsAreReadAsTheyAre() {
        #expect(FourCC("MJPG").flatMap { FrameReading($0) } == .motionJPEG)
        #expect(FourCC("NV12").flatMap { FrameReading($0) } == .raw(.nv12))
        #expect(FourCC("BG10").flatMap { FrameReading($0) } == .converted)
        #expect(FourCC("H264").flatMap { FrameReading($0) } == nil)
        #expect(FrameReading(FourCC(code: 0xA036_3159)) == nil)
    }
}
