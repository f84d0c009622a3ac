// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import PhoneHost
import TestKit
import Testing
import VirtualPhone

/// Secure element and wallet are saved together: whatever a power cut leaves of that is the phone of
/// before or the phone of after.
@Suite struct CutOffTests {
    /// One of the two files, with what is staged beside it.
    enum File: String, CaseIterable {
        case old, oldAndHalf, oldAndNext, new
    }

    /// What both files are to become, if anything is said of it.
    enum Mark: String, CaseIterable {
        case none, staged, ofBefore, damaged, there
    }

    struct Left: CustomTestStringConvertible {
        let element: File
        let wallet: File
        let mark: Mark
        let isNew: Bool
        var testDescription: String {
            "\(element) \(wallet), mark \(mark): \(isNew ? "new" : "old")"
        }
    }

    private static func pairs(_ files: [File]) -> [(File, File)] {
        files.flatMap { element in files.map { (element, $0) } }
    }

    /// Until the mark is on disk, all that was begun may be there or not; from then on both files are
    /// staged or in place, and in the end the mark may be gone or not.
    static let left: [Left] =
        pairs([.old, .oldAndHalf, .oldAndNext]).flatMap { element, wallet in
            Mark.allCases.map { mark in
                let isNew = mark == .there && element == .oldAndNext && wallet == .oldAndNext
                return Left(element: element, wallet: wallet, mark: mark, isNew: isNew)
            }
        }
        + pairs([.oldAndNext, .new]).map { element, wallet in
            Left(element: element, wallet: wallet, mark: .there, isNew: true)
        }
        + [Mark.none, .staged, .ofBefore, .damaged].map { mark in
            Left(element: .new, wallet: .new, mark: mark, isNew: true)
        }

    @Test(arguments: left)
    func `what a power cut leaves is the old phone or the new one and no mixture`(left: Left) throws
    {
        let bench = try Bench()
        let old = try bench.make("alice").card.snapshot
        let new = try bench.make("other").card.snapshot
        let folder = PhoneFolder(bench.phones)
        try folder.put(left.element, "se.json")
        try folder.put(left.wallet, "wallet.json")
        try folder.put(left.mark)
        #expect(try bench.open("alice").card.snapshot == (left.isNew ? new : old))
        #expect(try folder.names() == ["lock", "se.json", "wallet.json"])
    }

    @Test func `a mark that came back takes nothing back that was saved since`() throws {
        let bench = try Bench()
        let before = try bench.make("alice").card.snapshot
        let after = try bench.make("other").card.snapshot
        let folder = PhoneFolder(bench.phones)
        try folder.put(.ofBefore)
        try folder.put(.new, "se.json")
        let found = try bench.open("alice").card.snapshot
        #expect(found.secureElement == after.secureElement && found.phone == before.phone)
    }

    @Test func `a phone whose making ended between its two files is whole when it is looked at`()
        throws
    {
        let bench = try Bench()
        let folder = PhoneFolder(bench.phones)
        // A folder where the second file belongs is the end of the first attempt.
        let obstacle = folder.alice.appending(path: "wallet.json/in-the-way")
        try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: true)
        #expect(throws: (any Error).self) { try bench.make("alice") }
        try FileManager.default.removeItem(at: obstacle.deletingLastPathComponent())
        #expect(try folder.names().contains("wallet.json.next"))
        #expect(try bench.open("alice").card.state.automakers.map(\.name) == ["roadworks"])
        #expect(try folder.names() == ["lock", "se.json", "wallet.json"])
    }
}

/// The folder of alice's phone, and that of the one hers is to become.
private struct PhoneFolder {
    let alice: URL
    let other: URL

    init(_ phones: URL) {
        (alice, other) = (phones.appending(path: "alice"), phones.appending(path: "other"))
    }

    func put(_ file: CutOffTests.File, _ name: String) throws {
        let next = try Data(contentsOf: other.appending(path: name))
        let staged = alice.appending(path: name + ".next")
        switch file {
        case .old: break
        case .oldAndHalf: try next.prefix(next.count / 2).write(to: staged)
        case .oldAndNext: try next.write(to: staged)
        case .new: try next.write(to: alice.appending(path: name))
        }
    }

    func put(_ mark: CutOffTests.Mark) throws {
        let commit = alice.appending(path: "commit")
        switch mark {
        case .none: break
        case .staged: try self.mark(of: other).write(to: alice.appending(path: "commit.next"))
        case .ofBefore: try self.mark(of: alice).write(to: commit)
        case .damaged: try self.mark(of: other).prefix(40).write(to: commit)
        case .there: try self.mark(of: other).write(to: commit)
        }
    }

    private func mark(of folder: URL) throws -> Data {
        let digests = try ["se.json", "wallet.json"].map { name in
            let data = try Data(contentsOf: folder.appending(path: name))
            return (name, sha256([UInt8](data)).hex)
        }
        return try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: digests))
    }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: alice.path).sorted()
    }
}
