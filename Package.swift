// swift-tools-version: 6.2
import PackageDescription

// The layout is the architecture (ARCHITECTURE.md). Imports go one way:
//   C shims -> Platform -> Core -> Settings -> Capture -> Daemon -> fsacd        ControlProtocol -> Capture, Daemon, fsacctl
//   Platform, ControlProtocol -> Journal, RecipeFile -> Daemon, fsacctl        Page -> Daemon        Settings -> Arguments -> fsacd, fsacctl
//   Settings -> LineIO -> Daemon, fsacctl        Platform, ControlProtocol -> Statistics -> JournalIndex -> Daemon
//   Journal -> JournalIndex        Platform -> TOML -> Settings        ControlProtocol -> ControlClient -> fsacctl
//   TOML, ControlClient -> Gateway -> fsac-gateway

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "fsac",
    products: [
        .executable(name: "fsacd", targets: ["fsacd"]),
        .executable(name: "fsacctl", targets: ["fsacctl"]),
        .executable(name: "fsac-gateway", targets: ["fsac-gateway"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // No traits: the daemon has a configuration of its own.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CKernels"),
        .target(name: "CFiles"),
        .target(name: "CGPIO"),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(name: "CTIFF", linkerSettings: [.linkedLibrary("tiff")]),
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png16")]),
        .target(name: "CV4L2", linkerSettings: [.linkedLibrary("v4l2"), .linkedLibrary("v4lconvert")]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        // What every layer may ask of the system: files, clocks, threads, digests. Not called `System`: swift-nio takes a
        // module of that name for Apple's.
        .target(name: "Platform", dependencies: ["CCrypto", "CFiles"], swiftSettings: strict),
        .target(
            name: "Core", dependencies: ["Platform", "CKernels", "COpenBLAS", "CJPEG", "CPNG", "CTIFF", "CZlib"],
            swiftSettings: strict
        ),
        .target(name: "ControlProtocol", swiftSettings: strict),
        // The control socket seen from outside: requests, and the stream of events.
        .target(name: "ControlClient", dependencies: ["Platform", "ControlProtocol", "CCurl"], swiftSettings: strict),
        .target(name: "Journal", dependencies: ["Platform", "ControlProtocol"], swiftSettings: strict),
        // A recipe as one file, for another station.
        .target(name: "RecipeFile", dependencies: ["Platform", "ControlProtocol"], swiftSettings: strict),
        // What is counted of verdicts, and what follows from the counts; no I/O.
        .target(name: "Statistics", dependencies: ["Platform", "ControlProtocol"], swiftSettings: strict),
        .target(
            name: "JournalIndex", dependencies: ["Platform", "ControlProtocol", "Journal", "Statistics", "CSQLite"],
            swiftSettings: strict),
        // What browsers show of the line, made part of the program.
        .target(
            name: "Page",
            resources: [
                "index.html", "page.css", "layout.css", "main.js", "stream.js", "line.js", "text.js", "camera.js",
                "picture.js", "ask.js", "judge.js", "shift.js", "chart.js", "panel.js", "sound.js", "memory.js",
                "icon.svg", "en.json", "de.json", "es.json", "zh.json",
            ].map { .embedInCode("Files/\($0)") },
            swiftSettings: strict),
        // Files of settings: tables whose keys are known, and errors that name the place.
        .target(name: "TOML", dependencies: ["Platform"], swiftSettings: strict),
        .target(name: "Settings", dependencies: ["Platform", "TOML", "Core"], swiftSettings: strict),
        .target(
            name: "Capture", dependencies: ["Platform", "Core", "Settings", "ControlProtocol", "CV4L2"],
            swiftSettings: strict),
        .target(name: "LineIO", dependencies: ["Platform", "Settings", "CGPIO"], swiftSettings: strict),
        .target(
            name: "Daemon",
            dependencies: [
                "Platform", "Core", "TOML", "Settings", "Capture", "LineIO", "ControlProtocol", "Journal", "RecipeFile",
                "Statistics", "JournalIndex", "Page", "CGPIO", "CSystemd",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        // What both programs take on the command line.
        .target(
            name: "Arguments",
            dependencies: ["Settings", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "fsacd",
            dependencies: [
                "Platform", "TOML", "Settings", "Arguments", "Daemon",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "fsacctl",
            dependencies: [
                "Platform", "ControlProtocol", "ControlClient", "Journal", "RecipeFile", "Core", "TOML", "Settings",
                "Arguments",
                "Capture", "LineIO",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        // What PLCs, brokers and others of the network are told: has nothing of the daemon but its control socket.
        .target(
            name: "Gateway",
            dependencies: ["Platform", "TOML", "ControlProtocol", "ControlClient", "CMosquitto", "CSystemd"],
            swiftSettings: strict),
        .executableTarget(
            name: "fsac-gateway",
            dependencies: [
                "Platform", "TOML", "ControlProtocol", "Gateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .target(name: "TestSupport", dependencies: ["Core"], swiftSettings: strict),
        // What reads bytes of others, for the tests in FuzzTests and for `make fuzz`.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Platform", "Core", "Settings", "ControlProtocol", "Journal", "RecipeFile", "Statistics",
                "Daemon", "Gateway",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        .testTarget(name: "FuzzTests", dependencies: ["Core", "FuzzTargets"], swiftSettings: strict),
        .testTarget(name: "PlatformTests", dependencies: ["Platform", "Core", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "CoreTests", dependencies: ["Core", "TestSupport"], resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "SettingsTests", dependencies: ["Platform", "Core", "TOML", "Settings", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CaptureTests",
            dependencies: ["Platform", "Core", "Settings", "Capture", "ControlProtocol", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "StatisticsTests",
            dependencies: ["Platform", "ControlProtocol", "Journal", "Statistics", "JournalIndex", "TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "RecipeFileTests", dependencies: ["Platform", "ControlProtocol", "RecipeFile"],
            swiftSettings: strict),
        .testTarget(
            name: "LineIOTests", dependencies: ["Platform", "Settings", "LineIO"], swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: ["Platform", "Core", "TOML", "ControlProtocol", "ControlClient", "Gateway"],
            swiftSettings: strict),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "Platform", "Core", "Settings", "Capture", "LineIO", "Daemon", "ControlProtocol", "Journal",
                "JournalIndex", "RecipeFile",
                "Statistics", "Page", "TestSupport", "FuzzTargets",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["ControlProtocol", "Platform", "Core", "TestSupport", "fsacd", "fsacctl"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// The program of `make fuzz` needs a compiler that has libFuzzer.
if Context.environment["FSAC_FUZZ"] != nil {
    package.products.append(.executable(name: "fsac-fuzz", targets: ["FuzzProgram"]))
    package.targets += [
        .target(name: "FuzzDriver", path: "Tests/Fuzz/Driver"),
        .executableTarget(
            name: "FuzzProgram", dependencies: ["FuzzDriver", "FuzzTargets"], path: "Tests/Fuzz/Program",
            swiftSettings: strict),
    ]
}
