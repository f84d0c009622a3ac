// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Why a file could not be used, in the few words people know.
public enum FileFailure {
    /// `no such file or folder` and the like, for an error of Foundation.
    public static func reason(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        if cause.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(truncatingIfNeeded: cause.code))).lowercased()
        }
        guard error.domain == NSCocoaErrorDomain else { return error.localizedDescription }
        return switch CocoaError.Code(rawValue: error.code) {
        case .fileNoSuchFile, .fileReadNoSuchFile: "no such file or folder"
        case .fileReadNoPermission, .fileWriteNoPermission: "permission denied"
        case .fileWriteOutOfSpace: "no space left on device"
        case .fileWriteFileExists: "a file of that name is in the way"
        case .fileReadUnknown: "it cannot be read; is it a folder?"
        default: error.localizedDescription
        }
    }
}
