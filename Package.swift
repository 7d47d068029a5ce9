// swift-tools-version: 6.2
import PackageDescription

/// The same rules for every target, so that no module is laxer than its neighbours.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),  // data races are errors
    .enableUpcomingFeature("ExistentialAny"),  // a boxed protocol shows in the source
    .enableUpcomingFeature("InternalImportsByDefault"),  // a module does not leak what it imports
    .enableUpcomingFeature("MemberImportVisibility"),  // a file names every module it uses
    .enableExperimentalFeature("Lifetimes"),  // views of a message cannot outlive its bytes
    .strictMemorySafety(),  // every unsafe expression is marked where it stands
    .treatAllWarnings(as: .error),  // a warning that may stay is a warning nobody reads
]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "sojourn",
    products: [
        .executable(name: "sojourn", targets: ["sojourn"]),
        .library(name: "SojournClient", targets: ["SojournClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        // The archive of finished sessions: SQLite, kept well.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // C underneath: libzmq, the instructions and system calls that Swift has no name for, and what a
        // forked child may run.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        // The log of a cluster: the C client of NATS.
        .systemLibrary(name: "CNATS", providers: [.apt(["libnats-dev"])]),
        .systemLibrary(name: "CPostgres", providers: [.apt(["libpq-dev"])]),
        .target(name: "CIntrinsics"),
        .target(name: "CJournal", dependencies: ["CIntrinsics"]),
        .target(name: "CSystem"),
        .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),

        // Pure: values in, values out. No clock, no thread, no I/O.
        .target(name: "SojournModel", dependencies: ["CIntrinsics"], swiftSettings: strict),
        .target(
            name: "SojournWire", dependencies: ["SojournModel", "CIntrinsics"],
            swiftSettings: strict),
        .target(
            name: "SojournEngine",
            dependencies: ["SojournModel", "SojournChannels", "CIntrinsics"], swiftSettings: strict),
        .target(
            name: "SojournChannels", dependencies: ["SojournModel"], swiftSettings: strict),
        // What becomes of sessions that were added up, here or at several servers.
        .target(name: "SojournFigures", dependencies: ["SojournModel"], swiftSettings: strict),
        .target(name: "SojournPage", dependencies: ["SojournModel"], swiftSettings: strict),
        .target(
            name: "SojournService",
            dependencies: [
                "SojournModel", "SojournWire", "SojournEngine", "SojournJournal", "SojournChannels",
                "SojournCluster",
            ],
            swiftSettings: strict),

        .target(
            name: "SojournRouter",
            dependencies: ["SojournModel", "SojournFigures", "SojournWire", "SojournService"],
            swiftSettings: strict),

        .target(
            name: "SojournCluster",
            dependencies: ["SojournModel", "SojournWire", "SojournJournal"], swiftSettings: strict),

        // The shell: sockets, threads, files.
        .target(
            name: "SojournJournal", dependencies: ["SojournModel", "SojournWire", "CJournal"],
            swiftSettings: strict),
        .target(
            name: "SojournArchive",
            dependencies: [
                "SojournModel", "CSQLite", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        // Apart from SQLite's, so that only who shares an archive between workers needs libpq.
        .target(
            name: "SojournPostgres", dependencies: ["SojournModel", "SojournArchive", "CPostgres"],
            swiftSettings: strict),
        .target(
            name: "SojournReports",
            dependencies: ["SojournModel", "SojournFigures", "SojournArchive"],
            swiftSettings: strict),
        .target(name: "ZeroMQ", dependencies: ["CZeroMQ"], swiftSettings: strict),
        .target(name: "NATS", dependencies: ["CNATS"], swiftSettings: strict),
        .target(
            name: "SojournServer",
            dependencies: [
                "SojournModel", "SojournWire", "SojournEngine", "SojournService", "SojournJournal",
                "SojournRouter", "SojournChannels", "SojournArchive", "SojournPostgres",
                "SojournReports", "SojournCluster", "NATS", "ZeroMQ", "CSystem", "Yams", log,
            ], swiftSettings: strict),
        .target(
            name: "SojournAdmin",
            dependencies: [
                "SojournModel", "SojournWire", "SojournService", "SojournRouter", "SojournServer",
                "SojournPage",
                log,
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ], swiftSettings: strict),
        .target(
            name: "SojournClient",
            dependencies: ["SojournModel", "SojournWire", "ZeroMQ"], swiftSettings: strict),
        .target(name: "SojournInput", dependencies: ["SojournModel"], swiftSettings: strict),
        .executableTarget(
            name: "sojourn",
            dependencies: [
                "SojournModel", "SojournWire", "SojournEngine", "SojournService", "SojournJournal",
                "SojournServer", "SojournAdmin", "SojournClient", "SojournInput", "SojournArchive",
                "SojournPostgres", "SojournReports", "SojournCluster", "ZeroMQ", "CSystem", log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ], swiftSettings: strict),

        // The plain libzmq echo that `sojourn bench service` measures itself against.
        .executableTarget(
            name: "sojourn-yardstick", dependencies: ["CZeroMQ"], path: "Sources/yardstick",
            linkerSettings: [.linkedLibrary("zmq")]),

        // The Swift client among the clients of other languages: see proto-spec/README.md.
        .executableTarget(
            name: "client-worker", dependencies: ["SojournClient", "SojournModel"],
            path: "Tests/ClientWorker", swiftSettings: strict),

        // Tests, and what they share.
        .target(
            name: "SojournTestKit",
            dependencies: [
                "SojournModel", "SojournWire", "SojournEngine", "SojournJournal", "SojournChannels",
                "SojournCluster", "SojournRouter",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "crash-test",
            dependencies: ["SojournClient", "SojournModel", "SojournTestKit"],
            path: "Tests/CrashTest", swiftSettings: strict),
        // What Scripts/fuzz runs with made-up bytes, and the tests with those that are kept.
        .target(
            name: "SojournFuzz",
            dependencies: [
                "SojournModel", "SojournWire", "SojournEngine", "SojournService", "SojournJournal",
                "SojournServer", "SojournInput", "SojournCluster", "SojournPage",
            ], path: "Tests/Fuzz", exclude: ["Corpus"], swiftSettings: strict),
        .testTarget(
            name: "SojournFuzzTests", dependencies: ["SojournFuzz"], swiftSettings: strict),
        .testTarget(
            name: "SojournWireTests",
            dependencies: ["SojournWire", "SojournModel", "SojournTestKit"], swiftSettings: strict),
        .testTarget(
            name: "SojournEngineTests",
            dependencies: ["SojournEngine", "SojournModel", "SojournTestKit"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "SojournPageTests", dependencies: ["SojournPage", "SojournModel"],
            swiftSettings: strict),
        .testTarget(
            name: "SojournChannelsTests", dependencies: ["SojournChannels"], swiftSettings: strict),
        .testTarget(
            name: "SojournServiceTests",
            dependencies: [
                "SojournService", "SojournCluster", "SojournJournal", "SojournEngine",
                "SojournWire", "SojournModel", "SojournChannels", "SojournTestKit",
            ], swiftSettings: strict),
        .testTarget(
            name: "SojournRouterTests",
            dependencies: [
                "SojournRouter", "SojournService", "SojournEngine", "SojournWire", "SojournModel",
                "SojournTestKit",
            ], swiftSettings: strict),
        .testTarget(
            name: "SojournClusterTests",
            dependencies: [
                "SojournCluster", "SojournJournal", "SojournModel", "SojournWire", "SojournTestKit",
            ], swiftSettings: strict),
        .testTarget(
            name: "SojournJournalTests",
            dependencies: ["SojournJournal", "SojournWire", "SojournModel", "SojournTestKit"],
            swiftSettings: strict),
        .testTarget(
            name: "SojournSimulationTests",
            dependencies: [
                "SojournCluster", "SojournRouter", "SojournService", "SojournJournal",
                "SojournEngine", "SojournWire", "SojournModel", "SojournChannels", "SojournTestKit",
            ], swiftSettings: strict),
        .testTarget(
            name: "SojournReportsTests",
            dependencies: [
                "SojournReports", "SojournFigures", "SojournArchive", "SojournPostgres",
                "SojournEngine", "SojournModel", "SojournTestKit",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: strict),
        .testTarget(name: "ZeroMQTests", dependencies: ["ZeroMQ"], swiftSettings: strict),
        .testTarget(
            name: "SojournInputTests", dependencies: ["SojournInput", "SojournModel"],
            swiftSettings: strict),
        .testTarget(
            name: "SojournServerTests",
            dependencies: [
                "sojourn", "SojournServer", "SojournRouter", "SojournService", "SojournEngine",
                "SojournClient", "SojournJournal", "SojournWire", "SojournModel", "SojournChannels",
                "SojournArchive",
                "ZeroMQ",
                "SojournTestKit",
            ], swiftSettings: strict),
        .testTarget(
            name: "SojournAdminTests",
            dependencies: [
                "sojourn", "SojournAdmin", "SojournServer", "SojournService", "SojournClient",
                "SojournWire", "SojournModel", "SojournTestKit", log,
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ], exclude: ["Browser"], swiftSettings: strict),
        .testTarget(
            name: "SojournClientTests",
            dependencies: [
                "sojourn", "SojournClient", "SojournServer", "SojournService", "SojournArchive",
                "SojournWire", "SojournModel", "SojournTestKit", "ZeroMQ", log,
            ], swiftSettings: strict),
        .testTarget(
            name: "SojournClientsTests",
            dependencies: [
                "sojourn", "client-worker", "SojournClient", "SojournModel", "SojournTestKit",
            ], swiftSettings: strict),
        .testTarget(
            name: "SojournCommandTests",
            dependencies: [
                "sojourn", "sojourn-yardstick", "SojournClient", "SojournModel", "SojournTestKit",
            ],
            swiftSettings: strict),
    ]
)
