// SPDX-License-Identifier: Apache-2.0

import Identifiers
import ServiceKit
import Testing

private struct SampleSettings: ServiceSettings {
    enum Mode: String, CaseIterable { case strict, lenient }
    let address: ListenAddress
    let url: String
    let limit: Int
    let pause: Duration
    let mode: Mode
    let key: SettingFile
    let picture: SettingFile?

    init(reading reader: inout SettingsReader) {
        address = reader.address("LISTEN_ADDRESS", help: "Where.")
        url = reader.url("PUBLIC_URL", default: "https://example.org", help: "How.")
        limit = reader.integer("LIMIT", default: 8, in: 1...100, help: "How many.")
        pause = reader.duration("PAUSE", default: "5s", help: "How long.")
        mode = reader.choice("MODE", default: .strict, help: "Which way.")
        key = reader.secretFile("KEY", help: "The key.")
        picture = reader.optionalFile("PICTURE", help: "The picture.")
    }
}

@Suite struct SettingsTests {
    private let good = [
        "LATCHKEY_SAMPLE_CAR_LISTEN_ADDRESS": "[::1]:8443", "LATCHKEY_SAMPLE_CAR_KEY": "/key",
        "LATCHKEY_SAMPLE_CAR_DATABASE_URL": "postgres://role@host/db", "OTHER": "ignored",
    ]

    private func read(_ changes: [String: String] = [:]) -> ReadSettings<SampleSettings> {
        let changes = Dictionary(
            uniqueKeysWithValues: changes.map { ("LATCHKEY_SAMPLE_CAR_\($0.key)", $0.value) })
        return ReadSettings(
            service: "sample-car", environment: good.merging(changes) { $1 },
            readFile: { path in
                guard path == "/key" else { throw ByteError.notHexadecimal }
                return [1, 2, 3]
            })
    }

    @Test func `a complete environment gives typed values and defaults`() {
        let settings = read(["PAUSE": "250ms", "MODE": "lenient"])
        #expect(settings.problems.isEmpty)
        #expect(settings.own.address == ListenAddress(host: "::1", port: 8443))
        #expect(settings.own.address.description == "[::1]:8443")
        #expect(settings.own.pause == .milliseconds(250))
        #expect(settings.own.mode == .lenient)
        #expect(settings.own.limit == 8)
        #expect(settings.own.key.bytes.exposed == [1, 2, 3])
        #expect(settings.own.picture == nil)
        #expect(read(["PICTURE": "/key"]).own.picture?.bytes.exposed == [1, 2, 3])
        #expect(settings.shared.environment == "development")
        #expect(settings.shared.shutdownDelay == .zero)
    }

    @Test func `every problem is reported at once`() {
        let settings = ReadSettings<SampleSettings>(
            service: "sample-car",
            environment: [
                "LATCHKEY_SAMPLE_CAR_LIMIT": "many", "LATCHKEY_SAMPLE_CAR_TYPO": "x",
                "LATCHKEY_SAMPLE_CAR_KEY": "",
            ])
        let names = settings.problems.map(\.variable).map { $0.dropFirst(20) }
        #expect(Set(names) == ["DATABASE_URL", "LISTEN_ADDRESS", "LIMIT", "KEY", "TYPO"])
    }

    @Test(arguments: [
        ("LISTEN_ADDRESS", "8443"), ("LISTEN_ADDRESS", "host:"), ("LISTEN_ADDRESS", "host:70000"),
        ("LISTEN_ADDRESS", "::1:80"), ("LISTEN_ADDRESS", " :80"), ("LISTEN_ADDRESS", "h:-1"),
        ("PUBLIC_URL", "example.org"), ("PUBLIC_URL", "ftp://example.org"),
        ("PUBLIC_URL", "https://example.org/?a=b"), ("PUBLIC_URL", "https://e.org/#secret"),
        ("LIMIT", "0"), ("LIMIT", "101"), ("LIMIT", "1.5"), ("LIMIT", "9999999999999999999999"),
        ("PAUSE", "5"), ("PAUSE", "-5s"), ("PAUSE", "s"), ("PAUSE", "99999999999999h"),
        ("MODE", "Strict"), ("KEY", "/missing"), ("PICTURE", "/missing"), ("LOG_LEVEL", "loud"),
        ("ENVIRONMENT", "Production"), ("ENVIRONMENT", "a.b"), ("SHUTDOWN_DELAY", "soon"),
        ("DATABASE_URL", "postgres://role:secret@host/db"),
        ("DATABASE_URL", "host=db password=secret"),
    ])
    func `a wrong value is refused by name`(name: String, value: String) {
        let problems = read([name: value]).problems
        #expect(problems.map(\.variable) == ["LATCHKEY_SAMPLE_CAR_\(name)"])
        #expect(problems.allSatisfy { !$0.description.contains("secret") })
    }

    @Test func `what a service knows is available without an environment`() {
        let known = SampleSettings.known(by: "sample-car")
        #expect(known.map(\.name).starts(with: ["ADMIN_ADDRESS", "ENVIRONMENT", "KAFKA"]))
        #expect(known.contains { $0.name == "KEY" && $0.kind == .secretFile })
        #expect(known.first { $0.name == "LIMIT" }?.defaultValue == "8")
        #expect(known.allSatisfy { $0.variable.hasPrefix("LATCHKEY_SAMPLE_CAR_") })
    }
}
