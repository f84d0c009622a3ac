// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Says that a stack works in a folder; given back when its process ends, however it ends.
final class StateLock: Sendable {
    private let file: Int32

    /// Takes the folder; throws `alreadyRunning` when another stack has it: that one's parts would
    /// be ended as the leftovers of one that died.
    init(_ folder: StateFolder) throws(StackError) {
        try StateFolder.makeFolder(folder.url)
        let path = folder.url.appending(path: "up.lock").path
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw .file(path: path, reason: String(cString: strerror(errno)))
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw .alreadyRunning(pid: try? StackRecord.load(folder).pid)
        }
    }

    deinit { close(file) }
}
