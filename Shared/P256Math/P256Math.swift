// SPDX-License-Identifier: Apache-2.0

/// Why a point or a scalar was refused.
public enum CurveError: Error, Equatable, Sendable {
    /// Not 65 bytes `04‖x‖y`, a coordinate ≥ p, off the curve, or infinity (PROTOCOL 2.3).
    case point
    /// Not 32 bytes, zero, or ≥ n.
    case scalar
    /// libcrypto could not do it (no memory).
    case arithmetic
}
