// SPDX-License-Identifier: Apache-2.0

/// What the user and the battery allow at this moment; set by the shell, never saved.
public struct PhoneConditions: Hashable, Sendable {
    /// The user has authenticated for this tap.
    public var isUnlocked: Bool
    /// Transactions work without the user authenticating (PROTOCOL 8.10); the default.
    public var expressMode: Bool
    /// The operating system runs; in power reserve it does not, and only the applet answers.
    public var frameworkRuns: Bool
    /// The applet answers; false stands for "temporarily unavailable" (PROTOCOL 3.1).
    public var appletRuns: Bool

    /// A locked phone that is switched on, in express mode.
    public init(
        isUnlocked: Bool = false, expressMode: Bool = true, frameworkRuns: Bool = true,
        appletRuns: Bool = true
    ) {
        self.isUnlocked = isUnlocked
        self.expressMode = expressMode
        self.frameworkRuns = frameworkRuns
        self.appletRuns = appletRuns
    }

    /// Whether a transaction may go on for a key whose options want authentication (`policy`). In power
    /// reserve nobody can authenticate, so that express mode alone opens (PROTOCOL 8.10).
    func permits(authenticationWanted policy: Bool) -> Bool {
        isUnlocked && frameworkRuns || expressMode && !policy
    }
}
