// swift-tools-version: 6.2
import PackageDescription

/// The settings of every target of ours: dependencies keep their own.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "lookaside",
    products: [
        .executable(name: "lookaside", targets: ["lookaside"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-collections", .upToNextMinor(from: "1.6.0")),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/jpsim/Yams", .upToNextMinor(from: "6.2.2")),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", .upToNextMinor(from: "2.13.0")),
    ],
    targets: [
        // The C libraries: module maps and typed shims, nothing else.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CSimdjson", cxxSettings: [.treatAllWarnings(as: .error)], linkerSettings: [.linkedLibrary("simdjson")]),

        .target(name: "HTTPServing", dependencies: ["CMicroHTTPD"], swiftSettings: settings),
        .target(name: "HTTPTransport", dependencies: ["CCurl", "CLinux"], swiftSettings: settings),
        .target(name: "Balancing", swiftSettings: settings),
        .target(
            name: "Discovery",
            dependencies: [
                "Balancing", "CLinux", "CZlib",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "FileSource",
            dependencies: ["Balancing", "Discovery", .product(name: "Logging", package: "swift-log"), "Yams"],
            swiftSettings: settings
        ),
        .target(
            name: "EtcdSource",
            dependencies: ["Balancing", "Discovery", "HTTPTransport", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .target(
            name: "KubernetesSource",
            dependencies: ["Balancing", "Discovery", "HTTPTransport", .product(name: "Logging", package: "swift-log"), "Yams"],
            swiftSettings: settings
        ),
        .target(
            name: "HealthChecking",
            dependencies: ["Balancing", "HTTPTransport", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: settings
        ),
        .target(
            name: "LookasideAPI",
            dependencies: ["Balancing", "CSimdjson", "Discovery", "HTTPServing", "HealthChecking"],
            resources: [.embedInCode("openapi.json")],
            swiftSettings: settings
        ),
        .target(
            name: "LookasideServer",
            dependencies: [
                "Balancing", "Discovery", "EtcdSource", "FileSource", "HealthChecking", "HTTPServing", "HTTPTransport",
                "KubernetesSource", "LookasideAPI",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                "Yams",
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "lookaside",
            dependencies: ["LookasideServer", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: settings
        ),

        // Programs and helpers for tests only.
        .target(name: "TestSupport", dependencies: [], path: "Tests/Support/TestSupport", swiftSettings: settings),
        .target(
            name: "DiscoveryTestSupport",
            dependencies: ["Balancing", "Discovery", .product(name: "Logging", package: "swift-log")],
            path: "Tests/Support/DiscoveryTestSupport",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "PickBenchmark",
            dependencies: ["Balancing", "TestSupport"],
            path: "Tests/Benchmarks/PickBenchmark",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "PolicySimulation",
            dependencies: [
                "Balancing", "Discovery", "TestSupport",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            path: "Tests/Benchmarks/PolicySimulation",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "SyncBenchmark",
            dependencies: ["HTTPTransport"],
            path: "Tests/Benchmarks/SyncBenchmark",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "KubernetesBenchmark",
            dependencies: ["HTTPTransport", "TestSupport"],
            path: "Tests/Benchmarks/KubernetesBenchmark",
            swiftSettings: settings
        ),

        .testTarget(name: "BalancingTests", dependencies: ["Balancing", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "DiscoveryTests",
            dependencies: ["Balancing", "Discovery", "TestSupport", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FileSourceTests",
            dependencies: [
                "Balancing", "Discovery", "DiscoveryTestSupport", "FileSource", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EtcdSourceTests",
            dependencies: [
                "Balancing", "Discovery", "DiscoveryTestSupport", "EtcdSource", "HTTPTransport", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "KubernetesSourceTests",
            dependencies: [
                "Balancing", "Discovery", "DiscoveryTestSupport", "HTTPTransport", "KubernetesSource", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            resources: [.copy("Recordings")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HealthCheckingTests",
            dependencies: ["Balancing", "HealthChecking", "HTTPTransport", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(name: "HTTPServingTests", dependencies: ["HTTPServing", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "HTTPTransportTests", dependencies: ["HTTPTransport", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "LookasideAPITests",
            dependencies: ["Balancing", "Discovery", "HTTPServing", "HealthChecking", "LookasideAPI", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LookasideServerTests",
            dependencies: ["Balancing", "Discovery", "KubernetesSource", "LookasideServer", "TestSupport", "Yams"],
            swiftSettings: settings
        ),
        .testTarget(name: "SystemTests", dependencies: ["HTTPTransport", "TestSupport", "lookaside"], swiftSettings: settings),
    ],
    cxxLanguageStandard: .cxx17
)
