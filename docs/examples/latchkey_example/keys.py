"""Signatures and key schedules of a transaction (docs/protocol.md 8.3-8.5)."""

import hmac
from dataclasses import dataclass

from . import crypto
from .crypto import x_of
from .tlv import tlv

VEHICLE, ENDPOINT = bytes.fromhex("415D9569"), bytes.fromhex("4E887B4C")
V0200, V0100 = b"\x02\x00", b"\x01\x00"


@dataclass
class Context:
    """What both sides know after AUTH0."""
    vehicle_id: bytes
    transaction_id: bytes
    version: bytes
    phone_versions: bytes       # the list of the applet's SELECT answer
    flag: bytes                 # P1 ‖ P2 of AUTH0
    vehicle_ephemeral: bytes
    endpoint_ephemeral: bytes
    interface: bytes = b"\x5E"

    def signature_input(self, usage: bytes) -> bytes:
        return (tlv(0x4D, self.vehicle_id) + tlv(0x86, x_of(self.endpoint_ephemeral))
                + tlv(0x87, x_of(self.vehicle_ephemeral)) + tlv(0x4C, self.transaction_id) + tlv(0x93, usage))

    def _info(self, label: bytes) -> bytes:
        return (x_of(self.vehicle_ephemeral) + x_of(self.endpoint_ephemeral) + self.transaction_id
                + self.interface + self.flag + label + tlv(0x5C, self.version)
                + (tlv(0x5C, self.phone_versions) if self.version == V0200 else b""))

    def standard(self, own: crypto.PrivateKey, peer: bytes) -> tuple[bytes, bytes]:
        """Kenc ‖ Kmac ‖ Krmac ‖ URSK, and Kpersistent (8.4)."""
        kdh = crypto.x963(own.ecdh(peer), self.transaction_id, 32)
        return crypto.hkdf(kdh, self._info(b"Volatile"), 80), crypto.hkdf(kdh, self._info(b"Persistent"), 32)

    def fast(self, persistent: bytes, vehicle_public: bytes, device_public: bytes) -> tuple[bytes, bytes]:
        """The cryptogram, and Kenc ‖ Kmac ‖ Krmac (8.5)."""
        if self.version == V0200:
            okm = crypto.hkdf(persistent, self._fast_info(vehicle_public, device_public), 64)
            return okm[:16], okm[16:]
        okm = crypto.hkdf(persistent, self._info(b"VolatileFast"), 64)
        return crypto.cmac(okm[:16], self.signature_input(ENDPOINT)), okm[16:]

    def _fast_info(self, vehicle_public: bytes, device_public: bytes) -> bytes:
        return (x_of(vehicle_public) + b"VolatileFast" + self.vehicle_id + x_of(device_public) + self.interface
                + tlv(0x5C, self.phone_versions) + tlv(0x5C, self.version) + x_of(self.vehicle_ephemeral)
                + self.transaction_id + self.flag + x_of(self.endpoint_ephemeral))


def equal(a: bytes, b: bytes) -> bool:
    return hmac.compare_digest(a, b)


def split(keys: bytes) -> tuple[bytes, bytes, bytes]:
    """Kenc, Kmac, Krmac."""
    return keys[:16], keys[16:32], keys[32:48]


def immobilizer_token(secret: bytes, slot: bytes, vehicle_id: bytes) -> bytes:
    """10.5."""
    return hmac.digest(secret, b"immo-token" + slot + vehicle_id, "sha256")[:16]


def activation_tag(long_term_secret: bytes, code: str, nonce: bytes) -> bytes:
    """12.3."""
    return hmac.digest(long_term_secret, b"activation" + code.encode() + nonce, "sha256")[:16]
