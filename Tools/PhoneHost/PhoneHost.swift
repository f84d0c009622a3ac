// SPDX-License-Identifier: Apache-2.0

// PhoneHost: what turns the phone of VirtualPhone, a pure value, into a program: files, a reader
// over TCP, the relay and the device OEM's servers.
//
// Start with `Phone`, one phone in its folder. `tap` puts it on a reader (PROTOCOL 20); `share`,
// `accept` and `sync` talk to servers. State that changed is on disk before an answer leaves.
