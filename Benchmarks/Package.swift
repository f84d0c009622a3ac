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
                .product(name: "LatchkeyCore", package: "latchkey"),
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
