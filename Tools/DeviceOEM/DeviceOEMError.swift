// SPDX-License-Identifier: Apache-2.0

/// Why the device OEM could not do what was asked; prints as one line with a hint.
public enum DeviceOEMError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A file or folder could not be read or written.
    case file(path: String, reason: String)
    /// Own keys or certificates cannot be used.
    case identity(String)
    /// The folder belongs to a device OEM of another name.
    case otherIdentity(present: String)
    /// The folder's certificates are for another environment.
    case otherEnvironment(present: String)
    /// A name that cannot be an identifier.
    case badName(String)
    /// An automaker's bundle is refused.
    case bundle(String)
    /// An automaker's bundle is for another environment.
    case environment(theirs: String, ours: String)
    /// No bundle of this automaker was imported.
    case automakerUnknown(String)
    /// The automaker takes no calls.
    case noServer(String)
    /// There was no answer.
    case unreachable(automaker: String)
    /// The automaker refused a call.
    case refused(call: String, status: Int, code: String, reason: String)
    /// An answer could not be read.
    case answer(call: String, reason: String)
    /// The database refused.
    case store(String)

    /// What happened, and what to do next.
    public var description: String {
        switch self {
        case .file(let path, let reason):
            "cannot use \(path): \(reason)\nhint: check free space and permissions, or choose another folder with --state"
        case .identity(let reason):
            "the device OEM's own keys cannot be used: \(reason)\nhint: restore its folder from a backup, or start with another --state"
        case .otherIdentity(let present):
            "this folder belongs to the device OEM \(present)\nhint: leave --id out, or choose another folder with --state"
        case .otherEnvironment(let present):
            "the certificates in this folder are for the environment \(present)\nhint: leave --environment out, or choose another folder with --state"
        case .badName(let name):
            "'\(name)' cannot be an identifier\nhint: use 1 to 32 letters, digits, - and ."
        case .bundle(let reason):
            "the bundle is refused: \(reason)\nhint: ask the automaker for a bundle made from `latchkey device-oem export`"
        case .environment(let theirs, let ours):
            "the bundle is for the environment \(theirs), this is \(ours)\nhint: use one set of certificates per environment"
        case .automakerUnknown(let name):
            "no bundle of the automaker \(name) is imported\nhint: latchkey device-oem import FILE"
        case .noServer(let name):
            "the automaker \(name) has no server for calls\nhint: import a bundle that names one"
        case .unreachable(let name):
            "the server of the automaker \(name) does not answer\nhint: is it up? for our own stack see latchkey status"
        case .refused(let call, let status, let code, let reason):
            "\(call) was refused: \(reason.isEmpty ? code : reason) (\(status) \(code))"
        case .answer(let call, let reason):
            "the answer to \(call) cannot be read: \(reason)"
        case .store(let reason):
            "the device OEM's database refused: \(reason)\nhint: another process may hold it; try again"
        }
    }
}
