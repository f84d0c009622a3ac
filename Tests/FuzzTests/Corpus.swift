// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import TestKit

/// The inputs in the repository.
enum Corpus {
    private static let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Vectors", isDirectory: true)

    /// What coverage-guided runs found worth keeping: `corpus/<target>.txt`, one input a line, hex.
    static func inputs(of target: FuzzTarget) throws -> [[UInt8]] {
        let file = vectors.appendingPathComponent("corpus/\(target.name).txt")
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        let text = try String(contentsOf: file, encoding: .utf8)
        return try text.split(separator: "\n").map { try [UInt8](hex: $0) }
    }

    /// What once broke something: the files of `crashes/<target>/`.
    static func crashes(of target: FuzzTarget) throws -> [[UInt8]] {
        let folder = vectors.appendingPathComponent("crashes/\(target.name)")
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try (names ?? []).sorted().map {
            [UInt8](try Data(contentsOf: folder.appendingPathComponent($0)))
        }
    }
}

extension [UInt8] {
    /// A neighbour of this input: some bytes changed, cut, doubled, or taken from `other`.
    func mutated(with other: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes = self
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            let place = Int.random(in: 0...bytes.count, using: &numbers)
            let count = Int.random(in: 1...8, using: &numbers)
            switch Int.random(in: 0..<7, using: &numbers) {
            case 0 where place < bytes.count:
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            case 1 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &numbers)
            case 2: bytes = Array(bytes.prefix(place))
            case 3: bytes.removeSubrange(place..<Swift.min(bytes.count, place + count))
            case 4:
                bytes.insert(
                    contentsOf: (0..<count).map { _ in .random(in: 0...255, using: &numbers) },
                    at: place)
            case 5: bytes.insert(contentsOf: bytes.suffix(count), at: place)
            default:
                let from = Int.random(in: 0...other.count, using: &numbers)
                bytes = Array(bytes.prefix(place) + other.suffix(from: from))
            }
        }
        return Array(bytes.prefix(Swift.max(4096, count)))
    }
}
