// SPDX-License-Identifier: Apache-2.0

// KeyProtocol: the bytes between phone and car, and the car's side of every conversation.
//
// Start with `ReaderSession`, the car at one reader; what a car keeps is `VehicleRecord`. Values
// both sides share are in `Wire`, `TLV`, `Values`, `Messages` and `Exchange`, one message a file
// with its wire drawn. Nothing here does I/O, reads a clock or draws randomness of its own, and no
// input can trap.
