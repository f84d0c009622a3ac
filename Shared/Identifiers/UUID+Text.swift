// SPDX-License-Identifier: Apache-2.0

public import FoundationEssentials

extension UUID {
    /// Reads 8-4-4-4-12 hexadecimal digits of either case (RFC 9562, section 4); none for anything else.
    ///
    /// Foundation's own reader also takes hyphens in other places.
    public init?(text: String) {
        guard let uuid = UUID(uuidString: text), uuid.uuidString == text.uppercased() else {
            return nil
        }
        self = uuid
    }
}
