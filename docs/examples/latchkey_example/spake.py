"""The password: SPAKE2+ (docs/protocol.md 5)."""

import hashlib
from dataclasses import dataclass

from . import crypto
from .crypto import ORDER, add, decode_point, encode_point, multiply, subtract
from .tlv import tlv

VERSION = b"\x01\x00"
M = decode_point(bytes.fromhex("04"
                               "886E2F97ACE46E55BA9DD7242579F2993B64E16EF3DCAB95AFD497333D8FA12F"
                               "5FF355163E43CE224E0B0E65FF02AC8E5C7BE09419C785E0CA547D55A12E2D20"))
N = decode_point(bytes.fromhex("04"
                               "D8BBD6C639C62937B04D997F38C3770719C629D7014D49A24B4F98BAA1292B49"
                               "07D60AA6BFADE45008A636337F5168C64D9BD36034808CD564490B1E656EDBE7"))


@dataclass
class Scrypt:
    """Parameters of 5.1, as tag 7F50 of REQUEST carries them (5.3)."""
    salt: bytes
    n: int = 32768
    r: int = 8
    p: int = 1

    def encoded(self) -> bytes:
        return (tlv(0xC0, self.salt) + tlv(0xC1, self.n.to_bytes(4, "big"))
                + tlv(0xC2, self.r.to_bytes(2, "big")) + tlv(0xC3, self.p.to_bytes(2, "big")))

    def acceptable(self) -> bool:
        power_of_two = self.n & (self.n - 1) == 0
        return 4096 <= self.n <= 65536 and power_of_two and self.r == 8 and self.p == 1 and any(self.salt)


def scalars(password: str, scrypt: Scrypt) -> tuple[int, int]:
    """w0 and w1 (5.2)."""
    z = hashlib.scrypt(password.encode(), salt=scrypt.salt, n=scrypt.n, r=scrypt.r, p=scrypt.p,
                       maxmem=1 << 28, dklen=80)
    w0, w1 = (int.from_bytes(half, "big") % (ORDER - 1) + 1 for half in (z[:40], z[40:]))
    if w0 == w1:
        raise ValueError("w0 = w1: take another salt")
    return w0, w1


def phone_share(x: int, w0: int) -> bytes:
    return encode_point(add(multiply(x, crypto.G), multiply(w0, M)))


def car_share(y: int, w0: int) -> bytes:
    return encode_point(add(multiply(y, crypto.G), multiply(w0, N)))


def phone_shared(x: int, w0: int, w1: int, share: bytes) -> tuple[bytes, bytes]:
    """Z and V (5.4); InvalidPoint if the car's share, or a result, is none."""
    base = subtract(decode_point(share), multiply(w0, N))
    return encode_point(multiply(x, base)), encode_point(multiply(w1, base))


def car_shared(y: int, w0: int, verifier: bytes, share: bytes) -> tuple[bytes, bytes]:
    """Z and V from the phone's share and L."""
    base = subtract(decode_point(share), multiply(w0, M))
    return encode_point(multiply(y, base)), encode_point(multiply(y, decode_point(verifier)))


@dataclass
class Keys:
    """What both sides hold after VERIFY (5.5)."""
    m1: bytes
    m2: bytes
    enc: bytes
    mac: bytes
    rmac: bytes
    long_term_secret: bytes

    @classmethod
    def derive(cls, x: bytes, y: bytes, z: bytes, v: bytes, w0: int, car_versions: bytes):
        parts = (x, y, z, v, w0.to_bytes(32, "big"))
        k = hashlib.sha256(b"".join(len(part).to_bytes(8, "little") + part for part in parts)).digest()
        info = b"ConfirmationKeys" + tlv(0x5B, VERSION) + tlv(0x5C, car_versions)
        confirmation = crypto.hkdf(k[:16], info, 32)
        system = system_keys(k[16:])
        return cls(crypto.cmac(confirmation[:16], x), crypto.cmac(confirmation[16:], y),
                   system[:16], system[16:32], system[32:48], system[48:64])


def system_keys(shared: bytes, size: int = 64) -> bytes:
    return crypto.hkdf(shared, b"SystemKeys", size)
