// SPDX-License-Identifier: Apache-2.0
#pragma once

// One slot of a virtual reader: a TCP port of 127.0.0.1 on which a phone comes into the field.
//
// The wire is that of docs/protocol.md, section 20, with the polling frame of docs/interop.md,
// section 4. Nothing waits for a phone longer than SLOT_DEADLINE; a phone that does not answer in
// time, or with something that is no message, is put out of the field.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SLOT_COUNT = 16,        // as many as pcscd has readers
    SLOT_DEADLINE = 4000,   // milliseconds; above the 3 s a car gives its slowest command
    SLOT_MESSAGE = 4096,    // bytes of the longest message, both ways
    SLOT_ATR = 33,          // bytes of the longest answer to reset (ISO 7816-3)
    SLOT_POWER_OFF = 0x00,
    SLOT_POWER_ON = 0x01,
    SLOT_RESET = 0x02,
};

struct slot;

/// Listens on `port` for the phones of logical unit `lun`; 0, or the errno that says why not.
int slot_open(unsigned long lun, uint16_t port);
/// The open slot of `lun`, or none. A slot is never freed: one that was closed only refuses.
struct slot *slot_find(unsigned long lun);
/// Lets the phone go and stops listening; calls under way on other threads fail at once.
void slot_close(struct slot *slot);

/// Whether a phone is in the field.
bool slot_is_present(struct slot *slot);
/// Waits until a phone comes or leaves, `slot_wake` or `milliseconds`; for one thread only.
///
/// Each call lets a phone in or out, never both: the caller looks in between, so it cannot miss
/// that one left and another came. False when no phone could be let in.
bool slot_wait(struct slot *slot, int milliseconds);
/// Ends the present or, when there is none, the next `slot_wait`.
void slot_wake(struct slot *slot);

/// Switches the phone off.
bool slot_power_off(struct slot *slot);
/// Switches the phone on, or resets it; returns the length of its answer to reset, or -1.
ssize_t slot_power_on(struct slot *slot, uint8_t how, uint8_t atr[SLOT_ATR]);
/// The last answer to reset; its length.
size_t slot_atr(struct slot *slot, uint8_t atr[SLOT_ATR]);
/// Sends a command APDU; returns the length of the response in `answer`, or -1.
ssize_t slot_exchange(
    struct slot *slot, const uint8_t *command, size_t length, uint8_t *answer, size_t size);
/// Shows the phone a polling frame; true when the phone has read it.
bool slot_announce(struct slot *slot, const uint8_t *frame, size_t length);
