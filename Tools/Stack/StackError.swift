// SPDX-License-Identifier: Apache-2.0

/// Why the development stack could not do what was asked; each prints as one line with a hint.
public enum StackError: Error, CustomStringConvertible {
    /// Another process listens on a port the stack needs.
    case portInUse(port: Int, part: String)
    /// A program or file of a system package is not there.
    case missing(program: String, package: String)
    /// A program of this project lies not beside this one.
    case notBuilt(program: String)
    /// A part did not become ready in time.
    case notReady(part: String, seconds: Int, log: String)
    /// A part ended while it was started.
    case ended(part: String, lastWords: String, log: String)
    /// The stack of this state folder runs already.
    case alreadyRunning(pid: Int32?)
    /// No stack runs for this state folder.
    case notRunning(folder: String)
    /// A file or folder could not be written or read.
    case file(path: String, reason: String)
    /// An environment variable does not hold what it should, or what it names does not answer.
    case setting(String, String)
    /// A device OEM's bundle is refused.
    case bundle(reason: String)
    /// A command the stack runs while starting failed.
    case commandFailed(command: String, output: String)

    /// What happened, why, and what to do next.
    public var description: String {
        switch self {
        case .portInUse(let port, let part):
            "port \(port), wanted by \(part), is in use\nhint: stop what listens there, or choose other ports with --base-port"
        case .missing(let program, let package):
            "cannot find \(program)\nhint: apt-get install \(package) (or run scripts/bootstrap)"
        case .notBuilt(let program):
            "there is no \(program)\nhint: build everything first: make build"
        case .notReady(let part, let seconds, let log):
            "\(part) was not ready within \(seconds) s\nhint: see \(log)"
        case .ended(let part, let lastWords, let log):
            "\(part) ended while it was started\(lastWords.isEmpty ? "" : ": ")\(lastWords)\nhint: see \(log)"
        case .alreadyRunning(let pid):
            "the stack of this state folder \(pid.map { "runs already (process \($0))" } ?? "is being started already")\nhint: latchkey down, or choose another folder with --state"
        case .notRunning(let folder):
            "no stack runs for \(folder)\nhint: start one with latchkey up, or name its folder with --state"
        case .file(let path, let reason):
            "cannot use \(path): \(reason)\nhint: check free space and permissions, or choose another folder with --state"
        case .setting(let name, let reason):
            "\(name) cannot be used: \(reason)\nhint: mend it, or unset it: the stack then has a server of its own"
        case .bundle(let reason):
            "the bundle is refused: \(reason)\nhint: ask the device OEM for the file that its `latchkey device-oem export` writes"
        case .commandFailed(let command, let output):
            "\(command) failed: \(output)"
        }
    }
}
