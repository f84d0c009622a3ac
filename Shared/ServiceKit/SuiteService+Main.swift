// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Foundation
import Logging
import ServiceLifecycle

extension SuiteService {
    /// Runs the service with the arguments and the environment of the process, then exits.
    ///
    /// Exit codes: 0 stopped as asked, 1 failed, 2 settings or arguments are wrong.
    public static func main() async throws {
        exit(
            await run(
                arguments: Array(CommandLine.arguments.dropFirst()),
                environment: ProcessInfo.processInfo.environment))
    }

    static func run(arguments: [String], environment: [String: String]) async -> Int32 {
        let settings = ReadSettings<Settings>(service: name, environment: environment)
        switch arguments {
        case []:
            guard settings.problems.isEmpty else {
                settings.problems.forEach { JSONLogHandler.writeToStandardError($0.description) }
                return 2
            }
            return await serve(settings)
        case ["--check"]:
            settings.problems.forEach { print($0) }
            if settings.problems.isEmpty { print("settings are complete") }
            return settings.problems.isEmpty ? 0 : 2
        case ["--help"], ["-h"]:
            print(Usage.text(name: name, summary: summary, settings: settings.known))
            return 0
        case ["--version"]:
            print("latchkey-\(name) \(Suite.version)")
            return 0
        default:
            JSONLogHandler.writeToStandardError(
                "latchkey-\(name): unknown arguments; hint: --help lists what there is")
            return 2
        }
    }

    private static func serve(_ settings: ReadSettings<Settings>) async -> Int32 {
        let (name, level) = (name, settings.shared.logLevel)
        let metrics = PrometheusMetrics()
        LoggingSystem.bootstrap { _ in JSONLogHandler(service: name, level: level) }
        MetricsSystem.bootstrap(metrics)
        let logger = Logger(label: name)
        let host = ServiceHost(
            service: name, shared: settings.shared, logger: logger, metrics: metrics)
        do {
            try await ServiceProcess<Self>(settings: settings.own, host: host, metrics: metrics)
                .run()
            logger.info("stopped")
            return 0
        } catch let error as ListenError {
            logger.critical("\(error)")
        } catch {
            logger.critical("failed", error: error)
        }
        return 1
    }
}

/// The text of `--help`.
enum Usage {
    static func text(name: String, summary: String, settings: [SettingDescription]) -> String {
        var lines = [
            "latchkey-\(name) \(Suite.version): \(summary)", "",
            "  --check     print every problem with the settings and exit",
            "  --version   print the version and exit", "",
            "Settings are environment variables; files are named by their paths:", "",
        ]
        for setting in settings {
            let fallback =
                setting.defaultValue.map { $0.isEmpty ? "optional" : "default \($0)" }
                ?? "required"
            lines.append("  \(setting.variable) (\(setting.kind.rawValue), \(fallback))")
            lines.append("      \(setting.help)")
        }
        return lines.joined(separator: "\n")
    }
}
