// SPDX-License-Identifier: Apache-2.0

// The phone of PROTOCOL as a pure value: no socket, no file, no clock.
//
// `PhoneCard` is what a reader meets; start there. Behind it are the `Framework` (owner pairing,
// the phone's operating system) and the `Applet` (transactions, inside the `SecureElement`). The
// wallet functions (sharing, receipts, termination) are extensions of `PhoneCard` in `Wallet/`.
//
// What must survive is in two Codable values, `SecureElement.State` and `PhoneState`, together
// `PhoneCard.Snapshot`. The shell saves a changed snapshot before it sends the answer.
