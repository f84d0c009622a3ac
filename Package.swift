// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "latchkey",
    // What Benchmarks measures and Fuzz feeds, packages of their own.
    products: [
        .library(
            name: "LatchkeyCore",
            targets: [
                "Contracts", "Identifiers", "KeyCrypto", "KeyProtocol", "PCSC", "PKI",
                "VirtualPhone",
            ]),
        // What else reads bytes from outside.
        isCoreOnly
            ? nil
            : .library(
                name: "LatchkeyEdges",
                targets: [
                    "DeviceOEM", "IdentityRelay", "Kafka", "Messaging", "PhoneHost", "ServiceKit",
                ]),
    ].compactMap(\.self),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: (coreAndDrivers + (isCoreOnly ? [] : suite)).flatMap { $0 }
)

/// scripts/sanitize builds the part that needs neither services nor most packages.
var isCoreOnly: Bool { Context.environment["LATCHKEY_CORE_ONLY"] != nil }

var coreAndDrivers: [[Target]] {
    [
        // Drivers: one C library each, wrapped once. They know nothing of digital keys.
        driver("Kafka", over: "CRDKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
        driver("Postgres", over: "CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
        driver("PCSC", over: "CPCSC", pkgConfig: "libpcsclite", apt: "libpcsclite-dev"),
        driver("P256Math", over: "COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),

        // Core: values, bytes and rules. No I/O, no clock, no logger.
        library("Identifiers"),
        library("Contracts", needs: ["Identifiers", "KeyCrypto"]),
        library("KeyCrypto", needs: ["Identifiers", "P256Math", .crypto, .cryptoExtras]),
        library("PKI", needs: ["Identifiers", "KeyCrypto", .crypto, .asn1, .x509]),
        library("KeyProtocol", needs: ["Identifiers", "KeyCrypto", "PKI"]),
        library("VirtualPhone", needs: ["Identifiers", "KeyCrypto", "KeyProtocol", "PKI"]),

        // Tests of these, the broker they need, and what all tests need.
        developmentBroker(),
        testSupport(
            "TestKit",
            needs: [
                "Identifiers", "Kafka", "KeyCrypto", "PCSC", "PKI", "Postgres", .nioCore, .nioPosix,
            ]),
        tests("Identifiers"),
        tests("P256Math", needs: ["KeyCrypto"]),
        tests("KeyCrypto", needs: ["P256Math"]),
        tests("PKI", needs: ["KeyCrypto", .asn1, .x509]),
        tests("KeyProtocol", needs: ["KeyCrypto", "PKI"]),
        tests("VirtualPhone", needs: ["KeyCrypto", "KeyProtocol", "PKI"]),
        tests("Kafka"),
        tests("Postgres"),
        tests("PCSC"),
    ]
}

var suite: [[Target]] {
    [
        // Kits: what every service would otherwise repeat.
        library(
            "ServiceKit",
            needs: [
                "Identifiers", .asn1, .asyncHTTP, .hummingbird, .hummingbirdCore, .lifecycle,
                .logging, .metrics, .coreMetrics, .nioCore, .nioHTTP1, .nioPosix, .nioSSL,
                .unixSignals, .x509,
            ]),
        library(
            "Messaging",
            needs: [
                "Contracts", "Identifiers", "Kafka", "Postgres", "ServiceKit", .lifecycle, .logging,
                .metrics,
            ]),

        // Services: they never import one another.
        service("IdentityRelay", needs: ["KeyCrypto", .mustache]),
        service("KeyRegistry", needs: ["KeyCrypto", "PKI", .crypto, .httpTypes, .jwt]),
        service("SharingOrchestrator"),
        service("Revocation"),
        service("Notification", needs: [.httpTypes]),
        service(
            "VehicleGateway",
            needs: [
                "Kafka", "KeyCrypto", "KeyProtocol", "PCSC", "PKI", .grdb, .jwt, .nioCore,
                .nioPosix,
            ]),

        // Tools: what people run by hand.
        toolLibrary(
            "DeviceOEM",
            needs: [
                "Contracts", "Identifiers", "KeyCrypto", "KeyProtocol", "PKI", "ServiceKit",
                .asyncHTTP, .grdb, .hummingbird, .hummingbirdTLS, .lifecycle, .logging, .nioSSL,
                .x509,
            ]),
        toolLibrary(
            "PhoneHost",
            needs: [
                "Contracts", "DeviceOEM", "Identifiers", "KeyCrypto", "KeyProtocol", "PKI",
                "ServiceKit", "VirtualPhone", .asyncHTTP, .nioSSL,
            ]),
        toolLibrary(
            "Stack",
            needs: [
                "Contracts", "Identifiers", "KeyCrypto", "KeyProtocol", "PKI", "ServiceKit",
                .asyncHTTP, .crypto, .jwt, .nioCore, .nioFoundation, .nioHTTP1,
            ]),
        [
            .executableTarget(
                name: "latchkey",
                dependencies: [
                    "Contracts", "DeviceOEM", "Identifiers", "KeyCrypto", "KeyProtocol", "PCSC",
                    "PKI", "PhoneHost", "ServiceKit", "Stack", "VirtualPhone", .argumentParser,
                    .asyncHTTP,
                ], path: "Tools/latchkey", swiftSettings: strict())
        ],

        // Tests: per service, per contract, per story.
        testSupport(
            "ServiceTestKit", needs: ["TestKit", .asyncHTTP, .nioCore, .nioHTTP1]),
        tests(
            "ServiceKit",
            needs: [
                "KeyCrypto", "PKI", .hummingbird, .hummingbirdTesting, .lifecycle, .logging,
                .metrics,
            ]),
        tests("Messaging", needs: ["Contracts", "Kafka", "Postgres", .lifecycle, .logging]),
        tests("IdentityRelay", needs: serviceTestNeeds + ["KeyCrypto", "PKI", .lifecycle]),
        tests(
            "KeyRegistry", needs: serviceTestNeeds + ["DeviceOEM", "KeyCrypto", "PKI", .logging]),
        tests("SharingOrchestrator", needs: serviceTestNeeds + ["PKI"]),
        tests("Revocation", needs: serviceTestNeeds + ["KeyCrypto", "PKI"]),
        tests("Notification", needs: serviceTestNeeds + [.asyncHTTP]),
        tests(
            "VehicleGateway",
            needs: serviceTestNeeds + [
                "DeviceOEM", "Kafka", "KeyCrypto", "KeyProtocol", "PCSC", "PKI", "PhoneHost",
                "VirtualPhone", .asyncHTTP, .grdb,
            ]),
        tests("Stack"),
        tests(
            "DeviceOEM",
            needs: ["Contracts", "KeyCrypto", "KeyProtocol", "PKI", "ServiceKit", .asyncHTTP]),
        tests(
            "PhoneHost",
            needs: [
                "Contracts", "DeviceOEM", "KeyCrypto", "KeyProtocol", "PKI", "ServiceKit",
                "VirtualPhone",
            ]),
        tests("Contracts", needs: ["ServiceKit"] + serviceNames.map { .target(name: $0) }),
        fuzzing(),
        scenarios(),
    ]
}

var serviceNames: [String] {
    [
        "IdentityRelay", "KeyRegistry", "SharingOrchestrator", "Revocation", "Notification",
        "VehicleGateway",
    ]
}

var serviceTestNeeds: [Target.Dependency] {
    [
        "Contracts", "Messaging", "Postgres", "ServiceKit", "ServiceTestKit", .hummingbird,
        .hummingbirdTesting,
    ]
}

// MARK: - The kinds of target

func library(_ name: String, needs: [Target.Dependency] = []) -> [Target] {
    [.target(name: name, dependencies: needs, path: "Shared/\(name)", swiftSettings: strict())]
}

func driver(_ name: String, over c: String, pkgConfig: String, apt: String) -> [Target] {
    let path = "Shared/\(name)"
    return [
        .systemLibrary(
            name: c, path: "\(path)/\(c)", pkgConfig: pkgConfig, providers: [.apt([apt])]),
        .target(
            name: name, dependencies: [.target(name: c)], path: path, exclude: [c],
            swiftSettings: strict()),
    ]
}

func service(_ name: String, needs: [Target.Dependency] = []) -> [Target] {
    let path = "Services/\(name)"
    let common: [Target.Dependency] = [
        "Contracts", "Identifiers", "Messaging", "Postgres", "ServiceKit", .hummingbird,
        .lifecycle, .logging, .metrics,
    ]
    return [
        .target(
            name: name, dependencies: common + needs, path: path, exclude: ["Main", "README.md"],
            swiftSettings: strict()),
        .executableTarget(
            name: "latchkey-\(kebab(name))", dependencies: [.target(name: name), "ServiceKit"],
            path: "\(path)/Main", swiftSettings: strict()),
    ]
}

func toolLibrary(_ name: String, needs: [Target.Dependency]) -> [Target] {
    [.target(name: name, dependencies: needs, path: "Tools/\(name)", swiftSettings: strict())]
}

func developmentBroker() -> [Target] {
    let path = "Tools/DevelopmentBroker"
    return [
        .target(name: "CBrokerShim", path: "\(path)/CBrokerShim"),
        .executableTarget(
            name: "latchkey-development-broker", dependencies: ["CBrokerShim", "CRDKafka"],
            path: "\(path)/Main", swiftSettings: strict()),
    ]
}

func testSupport(_ name: String, needs: [Target.Dependency]) -> [Target] {
    [.target(name: name, dependencies: needs, path: "Tests/\(name)", swiftSettings: strict())]
}

func tests(_ subject: String, needs: [Target.Dependency] = []) -> [Target] {
    [
        .testTarget(
            name: "\(subject)Tests",
            dependencies: [.target(name: subject), "TestKit"] + needs
                + (subject == "Identifiers" ? [] : ["Identifiers"]),
            path: "Tests/\(subject)Tests",
            exclude: subject == "Contracts" ? ["Golden"] : [], swiftSettings: strict())
    ]
}

/// The entry points that Fuzz feeds, here with the corpus.
func fuzzing() -> [Target] {
    [
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Contracts", "DeviceOEM", "Identifiers", "IdentityRelay", "Kafka", "KeyCrypto",
                "KeyProtocol", "Messaging", "PCSC", "PhoneHost", "PKI", "ServiceKit", "TestKit",
                "VirtualPhone",
            ], path: "Tests/FuzzTests", swiftSettings: strict())
    ]
}

func scenarios() -> [Target] {
    [
        .testTarget(
            name: "ScenarioTests",
            dependencies: [
                "Contracts", "Identifiers", "Kafka", "ServiceTestKit", "TestKit", .grdb,
            ],
            path: "Tests/ScenarioTests", swiftSettings: strict())
    ]
}

func kebab(_ name: String) -> String {
    name.reduce(into: "") { result, letter in
        if letter.isUppercase && !result.isEmpty { result += "-" }
        result += letter.lowercased()
    }
}

func strict() -> [SwiftSetting] {
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}

extension Target.Dependency {
    static var argumentParser: Self { from("swift-argument-parser", "ArgumentParser") }
    static var asn1: Self { from("swift-asn1", "SwiftASN1") }
    static var asyncHTTP: Self { from("async-http-client", "AsyncHTTPClient") }
    static var coreMetrics: Self { from("swift-metrics", "CoreMetrics") }
    static var crypto: Self { from("swift-crypto", "Crypto") }
    static var cryptoExtras: Self { from("swift-crypto", "CryptoExtras") }
    static var grdb: Self { from("GRDB.swift", "GRDB") }
    static var httpTypes: Self { from("swift-http-types", "HTTPTypes") }
    static var hummingbird: Self { from("hummingbird", "Hummingbird") }
    static var hummingbirdCore: Self { from("hummingbird", "HummingbirdCore") }
    static var hummingbirdTLS: Self { from("hummingbird", "HummingbirdTLS") }
    static var hummingbirdTesting: Self { from("hummingbird", "HummingbirdTesting") }
    static var jwt: Self { from("jwt-kit", "JWTKit") }
    static var lifecycle: Self { from("swift-service-lifecycle", "ServiceLifecycle") }
    static var logging: Self { from("swift-log", "Logging") }
    static var metrics: Self { from("swift-metrics", "Metrics") }
    static var mustache: Self { from("swift-mustache", "Mustache") }
    static var nioCore: Self { from("swift-nio", "NIOCore") }
    static var nioHTTP1: Self { from("swift-nio", "NIOHTTP1") }
    static var nioFoundation: Self { from("swift-nio", "NIOFoundationCompat") }
    static var nioPosix: Self { from("swift-nio", "NIOPosix") }
    static var nioSSL: Self { from("swift-nio-ssl", "NIOSSL") }
    static var unixSignals: Self { from("swift-service-lifecycle", "UnixSignals") }
    static var x509: Self { from("swift-certificates", "X509") }

    private static func from(_ package: String, _ product: String) -> Self {
        .product(name: product, package: package)
    }
}
