// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// Reads the key's own immobilizer token before drive (PROTOCOL 8.9, 10.5).
///
/// ```text
/// B9 { 87 0000 0010 }
/// ```
struct TokenVisit: MailboxVisit {
    let slotId: SlotID

    mutating func next(_ answer: ExchangeResponse?, _ car: inout Car) -> VisitStep {
        guard let answer else {
            let read = MailboxOperation.read(
                offset: MailboxLayout.tokenOffset(position: 1),
                length: UInt16(MailboxLayout.tokenLength))
            return .exchange(
                ExchangeCommand(nil, [ExchangeCommand.Placed(.confidential, read)]))
        }
        let expected = car.identity.token(of: slotId)
        return constantTimeEqual(answer.reads.first ?? [], expected)
            ? .done(nil) : .refuse(.tokenWrong)
    }
}
