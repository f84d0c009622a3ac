// SPDX-License-Identifier: Apache-2.0

/// Where random bytes come from: the system in production, a script in vectors and simulation.
public struct RandomSource: Sendable {
    private let draw: @Sendable (_ count: Int, _ purpose: String) -> [UInt8]

    /// A source that calls `draw` with the number of bytes wanted and what they are for.
    public init(_ draw: @escaping @Sendable (_ count: Int, _ purpose: String) -> [UInt8]) {
        self.draw = draw
    }

    /// `count` random bytes; `purpose` names the value as the test vectors do (`x`, `vehicle_eSK`).
    public func bytes(_ count: Int, for purpose: String) -> [UInt8] { draw(count, purpose) }

    /// The cryptographic generator of the system.
    public static let system = RandomSource { count, _ in
        var generator = SystemRandomNumberGenerator()
        var bytes = [UInt8](repeating: 0, count: max(count, 0))
        bytes.withUnsafeMutableBytes { buffer in
            // Each draw is a call of the kernel, so take all eight bytes of it.
            for start in stride(from: 0, to: buffer.count, by: 8) {
                withUnsafeBytes(of: generator.next()) {
                    UnsafeMutableRawBufferPointer(rebasing: buffer[start...].prefix(8))
                        .copyBytes(from: $0.prefix(buffer.count - start))
                }
            }
        }
        return bytes
    }
}
