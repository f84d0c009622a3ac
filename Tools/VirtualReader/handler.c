// SPDX-License-Identifier: Apache-2.0

// The driver of a virtual reader: what pcscd calls (ifdhandler.h, version 3). One entry of
// reader.conf is one reader with one slot per port:
//
//     FRIENDLYNAME "Roadster"
//     DEVICENAME   127.0.0.1:18420-18421      or 127.0.0.1:18420
//     LIBPATH      /path/to/libifdlatchkey.so
//
// Unlike vpcd it tells pcscd when a phone comes or leaves, listens on loopback only, serves any
// number of readers with one file, and never waits for a phone without end. The phone's end of a
// slot is in slot.c.

#include "slot.h"

#include <errno.h>
#include <ifdhandler.h>
#include <reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// SCardControl code that shows the phone in the field a polling frame.
#define CONTROL_ANNOUNCE SCARD_CTL_CODE(0x6A02)

// MARK: - Opening and closing

/// Reads `127.0.0.1:FIRST` or `127.0.0.1:FIRST-LAST`; at most SLOT_COUNT ports.
static bool parse(const char *name, unsigned long *first, unsigned long *last) {
    static const char host[] = "127.0.0.1:";
    char *end;
    if (name == NULL || strncmp(name, host, strlen(host)) != 0) return false;
    name += strlen(host);
    if (*name < '0' || *name > '9') return false;
    *first = *last = strtoul(name, &end, 10);
    if (*end == '-') {
        name = end + 1;
        if (*name < '0' || *name > '9') return false;
        *last = strtoul(name, &end, 10);
    }
    return *end == '\0' && *first >= 1 && *first <= *last && *last <= 65535
        && *last - *first < SLOT_COUNT;
}

/// Slots per reader, by the reader's number in the upper half of the logical unit.
static unsigned char slot_counts[SLOT_COUNT];

RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName) {
    unsigned long first, last, reader = Lun >> 16, index = Lun & 0xFFFF;
    if (!parse(DeviceName, &first, &last) || index > last - first || reader >= SLOT_COUNT) {
        fprintf(stderr, "virtual reader: DEVICENAME %s is not 127.0.0.1:PORT or "
            "127.0.0.1:FIRST-LAST\n", DeviceName == NULL ? "" : DeviceName);
        return IFD_NO_SUCH_DEVICE;
    }
    int reason = slot_open(Lun, (uint16_t)(first + index));
    if (reason != 0) {
        fprintf(stderr, "virtual reader: port %lu: %s\n", first + index, strerror(reason));
        return IFD_NO_SUCH_DEVICE;
    }
    slot_counts[reader] = (unsigned char)(last - first + 1);
    return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD Channel) {
    (void)Lun, (void)Channel;
    return IFD_NOT_SUPPORTED;  // a number names no port: DEVICENAME does
}

RESPONSECODE IFDHCloseChannel(DWORD Lun) {
    struct slot *slot = slot_find(Lun);
    if (slot == NULL) return IFD_NO_SUCH_DEVICE;
    slot_close(slot);
    return IFD_SUCCESS;
}

// MARK: - Presence

RESPONSECODE IFDHICCPresence(DWORD Lun) {
    struct slot *slot = slot_find(Lun);
    if (slot == NULL) return IFD_NO_SUCH_DEVICE;
    return slot_is_present(slot) ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}

/// pcscd's thread of this slot; what is not a success makes it pause for 0.4 s.
static RESPONSECODE wait_for_event(DWORD Lun, int timeout) {
    struct slot *slot = slot_find(Lun);
    return slot != NULL && slot_wait(slot, timeout) ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

static RESPONSECODE stop_waiting(DWORD Lun) {
    struct slot *slot = slot_find(Lun);
    if (slot == NULL) return IFD_NO_SUCH_DEVICE;
    slot_wake(slot);
    return IFD_SUCCESS;
}

// MARK: - Capabilities

static RESPONSECODE answer(const void *bytes, size_t count, PDWORD Length, PUCHAR Value) {
    if (*Length < count) return IFD_ERROR_INSUFFICIENT_BUFFER;
    memcpy(Value, bytes, count);
    *Length = count;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value) {
    static const unsigned char yes = 1, no = 0, readers = SLOT_COUNT;
    RESPONSECODE (*const wait)(DWORD, int) = wait_for_event;
    RESPONSECODE (*const stop)(DWORD) = stop_waiting;
    uint8_t atr[SLOT_ATR];
    struct slot *slot;
    if (Length == NULL || Value == NULL) return IFD_COMMUNICATION_ERROR;
    switch (Tag) {
    case TAG_IFD_ATR:
    case SCARD_ATTR_ATR_STRING:
        slot = slot_find(Lun);
        if (slot == NULL) return IFD_NO_SUCH_DEVICE;
        return answer(atr, slot_atr(slot, atr), Length, Value);
    case TAG_IFD_SIMULTANEOUS_ACCESS: return answer(&readers, 1, Length, Value);
    case TAG_IFD_THREAD_SAFE:
    case TAG_IFD_SLOT_THREAD_SAFE: return answer(&yes, 1, Length, Value);
    case TAG_IFD_SLOTS_NUMBER:
        if (Lun >> 16 >= SLOT_COUNT) return IFD_NO_SUCH_DEVICE;
        return answer(&slot_counts[Lun >> 16], 1, Length, Value);
    // Cancelled in the middle it could keep the slot's lock for ever, so it is asked to stop.
    case TAG_IFD_POLLING_THREAD_KILLABLE: return answer(&no, 1, Length, Value);
    case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT: return answer(&wait, sizeof wait, Length, Value);
    case TAG_IFD_STOP_POLLING_THREAD: return answer(&stop, sizeof stop, Length, Value);
    default: return IFD_ERROR_TAG;
    }
}

RESPONSECODE IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value) {
    (void)Lun, (void)Tag, (void)Length, (void)Value;
    return IFD_ERROR_TAG;
}

RESPONSECODE IFDHSetProtocolParameters(
    DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1, UCHAR PTS2, UCHAR PTS3
) {
    (void)Lun, (void)Flags, (void)PTS1, (void)PTS2, (void)PTS3;
    bool is_known = Protocol == SCARD_PROTOCOL_T0 || Protocol == SCARD_PROTOCOL_T1;
    return is_known ? IFD_SUCCESS : IFD_PROTOCOL_NOT_SUPPORTED;
}

// MARK: - The phone

RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength) {
    uint8_t atr[SLOT_ATR];
    if (Atr == NULL || AtrLength == NULL) return IFD_COMMUNICATION_ERROR;
    DWORD size = *AtrLength;
    *AtrLength = 0;
    struct slot *slot = slot_find(Lun);
    if (slot == NULL) return IFD_NO_SUCH_DEVICE;
    if (Action == IFD_POWER_DOWN) {
        return slot_power_off(slot) ? IFD_SUCCESS : IFD_ERROR_POWER_ACTION;
    }
    if (Action != IFD_POWER_UP && Action != IFD_RESET) return IFD_NOT_SUPPORTED;
    ssize_t length = slot_power_on(slot, Action == IFD_RESET ? SLOT_RESET : SLOT_POWER_ON, atr);
    if (length < 0 || (DWORD)length > size) return IFD_ERROR_POWER_ACTION;
    memcpy(Atr, atr, (size_t)length);
    *AtrLength = (DWORD)length;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(
    DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer,
    PDWORD RxLength, PSCARD_IO_HEADER RecvPci
) {
    if (RxLength == NULL) return IFD_COMMUNICATION_ERROR;
    DWORD size = *RxLength;
    *RxLength = 0;
    struct slot *slot = slot_find(Lun);
    if (slot == NULL) return IFD_NO_SUCH_DEVICE;
    if (TxBuffer == NULL || RxBuffer == NULL) return IFD_COMMUNICATION_ERROR;
    ssize_t received = slot_exchange(slot, TxBuffer, TxLength, RxBuffer, size);
    if (received < 0) return IFD_COMMUNICATION_ERROR;
    *RxLength = (DWORD)received;
    if (RecvPci != NULL) RecvPci->Protocol = SendPci.Protocol;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHControl(
    DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer,
    DWORD RxLength, LPDWORD pdwBytesReturned
) {
    (void)RxBuffer, (void)RxLength;
    if (pdwBytesReturned != NULL) *pdwBytesReturned = 0;
    struct slot *slot = slot_find(Lun);
    if (slot == NULL) return IFD_NO_SUCH_DEVICE;
    if (dwControlCode != CONTROL_ANNOUNCE) return IFD_ERROR_NOT_SUPPORTED;
    // 6A 02, without or with a reader group id: nothing else may be slipped to a phone this way.
    bool is_frame = TxBuffer != NULL && (TxLength == 10 || TxLength == 18) && TxBuffer[0] == 0x6A
        && TxBuffer[1] == 0x02;
    if (!is_frame) return IFD_COMMUNICATION_ERROR;
    return slot_announce(slot, TxBuffer, TxLength) ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}
