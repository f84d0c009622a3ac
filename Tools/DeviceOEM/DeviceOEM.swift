// SPDX-License-Identifier: Apache-2.0

// DeviceOEM: a virtual phone maker, so that the whole story runs without one.
//
// Start with `PhoneMaker`: the folder with its root, the automakers it works with and its store.
// `DeviceOEMServer` is what automakers call (manageKey, eventNotification); `PartnerClient` is how
// it calls them (trackKey, manageKey). Phones are programs of their own (module PhoneHost) that
// share the folder: several processes may use it at once.
