#pragma once
#include <winscard.h>

// What Swift cannot import from winscard.h: macros that take an address or cast a constant.

static inline const SCARD_IO_REQUEST *latchkey_pci(DWORD protocol) {
    return protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
}
