// SPDX-License-Identifier: Apache-2.0

import Contracts

/// What the development broker makes before anybody asks, since it cannot be asked later.
struct DevelopmentTopics {
    let environment: String

    /// `--topic NAME:PARTITIONS` for every topic of the catalogue and every dead-letter topic.
    var arguments: [String] {
        let topics = Topic.allCases.map { "\($0.name(in: environment)):\(Topic.partitions)" }
        let deadLetters = BackEndService.allCases.map {
            "\(Topic.deadLetters(of: $0.rawValue, in: environment)):6"
        }
        return (topics + deadLetters).flatMap { ["--topic", $0] }
    }
}
