"""Signed objects and sharing requests (docs/protocol.md 12)."""

from dataclasses import dataclass, field

from . import der
from .crypto import PrivateKey, key_id, verify
from .der import BadDER, Reader, enumerated, integer, octets, sequence, time

ENTITLEMENT, TERMINATION, RECEIPT, REQUEST, COMMAND, ENCRYPTION, STATEMENT = (
    bytes.fromhex(f"5A11000{i}") for i in range(1, 8))
OWNER, FULL, ACCESS_ONLY, TRUNK, LIMITED, VALET, SERVICE = range(7)


def signature_input(usage: bytes, body: bytes) -> bytes:
    """12.1: `93 04 usage` and the DER of the body."""
    return b"\x93\x04" + usage + body


def signed(usage: bytes, body: bytes, key: PrivateKey) -> bytes:
    return sequence(body, octets(key.sign(signature_input(usage, body))))


def opened(data: bytes) -> tuple[bytes, bytes]:
    """Body and signature, whose shape alone has been looked at."""
    outer = Reader(data)
    inner = outer.inside()
    outer.end()
    body, signature = inner.raw(der.SEQUENCE), inner.octets(64)
    inner.end()
    return body, signature


@dataclass
class KeyConfig:
    """What a key may do, and when."""
    profile: int
    not_before: str
    not_after: str | None = None
    max_speed: int | None = None
    weekly: list[tuple[int, int, int]] = field(default_factory=list)    # days (bit 6 = Monday), from, to minutes
    may_share: bool = False

    def encoded(self) -> bytes:
        windows = b"".join(sequence(der.node(der.BITS, bytes([1, days << 1])), integer(start), integer(end))
                           for days, start, end in self.weekly)
        return sequence(integer(1), enumerated(self.profile), time(self.not_before),
                        time(self.not_after, 0x80) if self.not_after else b"",
                        integer(self.max_speed, 0x81) if self.max_speed is not None else b"",
                        der.node(0xA2, windows) if windows else b"",
                        der.node(0x83, b"\xFF") if self.may_share else b"")

    @classmethod
    def decode(cls, data: bytes) -> "KeyConfig":
        outer = Reader(data)
        r = outer.inside()
        outer.end()
        r.integer([1])
        config = cls(r.enumerated(range(7)), r.time(), r.optional(0x80, lambda: r.time(0x80)),
                     r.optional(0x81, lambda: r.integer(tag=0x81)))
        windows = r.optional(0xA2, lambda: r.inside(0xA2))
        while windows and windows.data:
            config.weekly.append(_window(windows.inside()))
        if r.peek() == 0x83:
            config.may_share = r.octets(1, 0x83) == b"\xFF"
            if not config.may_share:
                raise BadDER("FALSE is not written")
        r.end()
        return config


def _window(r: Reader) -> tuple[int, int, int]:
    days, start, end = r.octets(2, der.BITS), r.integer(range(1441)), r.integer(range(1441))
    r.end()
    if days[0] != 1 or days[1] & 1 or start >= end:
        raise BadDER("weekly")
    return days[1] >> 1, start, end


@dataclass
class Attestation:
    """A friend's key, signed by the owner's."""
    vehicle_id: bytes
    owner_key_id: bytes
    friend_public: bytes
    slot: bytes
    version: bytes
    config: KeyConfig
    issued_at: str
    nonce: bytes
    activation_tag: bytes | None = None

    def body(self) -> bytes:
        return sequence(integer(1), octets(self.vehicle_id), octets(self.owner_key_id),
                        octets(key_id(self.friend_public)), octets(self.friend_public), octets(self.slot),
                        octets(self.version), self.config.encoded(), time(self.issued_at), octets(self.nonce),
                        der.node(0x80, self.activation_tag) if self.activation_tag else b"")

    def signed(self, owner: PrivateKey) -> bytes:
        return signed(ENTITLEMENT, self.body(), owner)

    @classmethod
    def decode(cls, data: bytes, owner_public: bytes) -> "Attestation":
        """Shape, signature, friendKeyId; the rest of 10.6 is the car's."""
        body, signature = opened(data)
        r = Reader(body).inside()
        r.integer([1])
        vehicle_id, owner_key_id, friend_key_id = r.octets(8), r.octets(20), r.octets(20)
        public, slot, version = r.octets(65), r.octets(2), r.octets(2)
        config = KeyConfig.decode(r.raw(der.SEQUENCE))
        result = cls(vehicle_id, owner_key_id, public, slot, version, config, r.time(), r.octets(16),
                     r.optional(0x80, lambda: r.octets(16, 0x80)))
        r.end()
        verify(owner_public, signature_input(ENTITLEMENT, body), signature)
        if friend_key_id != key_id(public):
            raise ValueError("friendKeyId is not that of friendPK")
        return result


def receipt(vehicle_id: bytes, key: bytes, slot: bytes, now: str, server: PrivateKey) -> bytes:
    """KtsReceipt, signed by [Q]."""
    body = sequence(integer(1), octets(vehicle_id), octets(key), octets(slot), time(now), octets(server.key_id))
    return signed(RECEIPT, body, server)


def check_receipt(data: bytes, vehicle_id: bytes, key: bytes, slot: bytes, server_public: bytes) -> None:
    """10.8; raises on anything else than the receipt of this key."""
    body, signature = opened(data)
    r = Reader(body).inside()
    r.integer([1])
    fields = (r.octets(8), r.octets(20), r.octets(2))
    r.time(), r.octets(20)
    r.end()
    verify(server_public, signature_input(RECEIPT, body), signature)
    if fields != (vehicle_id, key, slot):
        raise ValueError("receipt of another key")


def statement(vehicle_id: bytes, key: bytes, slot: bytes, now: str, vehicle: PrivateKey) -> bytes:
    """VehicleStatement: the car says that it knows this key (7.3)."""
    body = sequence(integer(1), octets(vehicle_id), octets(key), octets(slot), time(now))
    return signed(STATEMENT, body, vehicle)


def termination(vehicle_id: bytes, key: PrivateKey, slot: bytes, now: str, reason: int, oem_data: bytes) -> bytes:
    """Termination, signed by the key that ends."""
    body = sequence(integer(1), octets(vehicle_id), octets(key.key_id), octets(slot), time(now),
                    enumerated(reason), octets(oem_data))
    return signed(TERMINATION, body, key)


def encryption_proof(vehicle_id: bytes, slot: bytes, encryption_public: bytes) -> bytes:
    """What encSig of a KeySigningRequest signs."""
    return signature_input(ENCRYPTION, sequence(octets(vehicle_id), octets(slot), octets(encryption_public)))
