// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "latchkey-benchmarks",
    dependencies: [
        .package(name: "latchkey", path: ".."),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    ],
    targets: [
        .executableTarget(
            name: "latchkey-benchmarks",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Identifiers", package: "latchkey"),
                .product(name: "KeyCrypto", package: "latchkey"),
                .product(name: "KeyProtocol", package: "latchkey"),
                .product(name: "PCSC", package: "latchkey"),
                .product(name: "PKI", package: "latchkey"),
                .product(name: "VirtualPhone", package: "latchkey"),
            ], path: "Sources",
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            ])
    ]
)
