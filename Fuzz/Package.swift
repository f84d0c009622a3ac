// swift-tools-version: 6.2
import PackageDescription

// Built by scripts/fuzz, which sets the sanitizers for every module: without them nothing links.
let package = Package(
    name: "latchkey-fuzz",
    dependencies: [.package(name: "latchkey", path: "..")],
    targets: [
        .target(name: "CLibFuzzer", path: "Sources/CLibFuzzer"),
        // The entry points, shared with the test that replays the corpus.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Contracts", "Identifiers", "KeyCrypto", "KeyProtocol", "PCSC", "PKI",
                "VirtualPhone",
            ].map { .product(name: $0, package: "latchkey") }, path: "Sources/Targets",
            swiftSettings: strict()),
        .executableTarget(
            name: "latchkey-fuzz", dependencies: ["CLibFuzzer", "FuzzTargets"],
            path: "Sources/Main", swiftSettings: strict(),
            // The default linker, gold, breaks off at what the sanitizers bring.
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
    ]
)

func strict() -> [SwiftSetting] {
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
