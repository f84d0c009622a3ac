"""P-256, ECDSA, and the primitives that the protocol names (docs/protocol.md 1, 2.3)."""

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives import cmac as _cmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


class InvalidPoint(ValueError):
    """Not 65 bytes `04 ‖ x ‖ y` of a point on the curve."""


class BadSignature(ValueError):
    """A signature that does not verify."""


def add(p, q):
    """Sum of two points; None is infinity."""
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = 3 * (p[0] * p[0] - 1) * pow(2 * p[1], -1, P)        # a = -3
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def multiply(k: int, p):
    """k·p."""
    result = None
    for bit in bin(k % ORDER)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, p)
    return result


def subtract(p, q):
    """p - q."""
    return add(p, q and (q[0], -q[1] % P))


def encode_point(p) -> bytes:
    if p is None:
        raise InvalidPoint("infinity")
    return b"\x04" + p[0].to_bytes(32, "big") + p[1].to_bytes(32, "big")


def decode_point(data: bytes):
    if len(data) != 65 or data[0] != 4:
        raise InvalidPoint("form")
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    if x >= P or y >= P or (y * y - x * x * x + 3 * x - B) % P:
        raise InvalidPoint("not on the curve")
    return x, y


def x_of(public: bytes) -> bytes:
    return public[1:33]


def key_id(public: bytes) -> bytes:
    """keyId and subject key identifier: SHA-1 of the 65 bytes."""
    return hashlib.sha1(public).digest()


class PrivateKey:
    """A P-256 pair; `public` has 65 bytes."""

    @classmethod
    def from_pem(cls, text: str) -> "PrivateKey":
        return cls(load_pem_private_key(text.encode(), None).private_numbers().private_value)

    def __init__(self, secret: int | None = None):
        self.secret = secret or secrets.randbelow(ORDER - 1) + 1
        self.public = encode_point(multiply(self.secret, G))
        self.key_id = key_id(self.public)

    def for_x509(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.secret, ec.SECP256R1())

    def ecdh(self, public: bytes) -> bytes:
        """The x coordinate of the shared point."""
        return x_of(encode_point(multiply(self.secret, decode_point(public))))

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 and the nonce of RFC 6979, as `r ‖ s`."""
        digest = hashlib.sha256(message).digest()
        e = int.from_bytes(digest, "big")
        for k in self._nonces((e % ORDER).to_bytes(32, "big")):
            r = multiply(k, G)[0] % ORDER
            s = pow(k, -1, ORDER) * (e + r * self.secret) % ORDER
            if r and s:
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _nonces(self, digest: bytes):
        v, k, seed = b"\x01" * 32, b"\x00" * 32, self.secret.to_bytes(32, "big") + digest
        for separator in (b"\x00", b"\x01"):
            k = hmac.digest(k, v + separator + seed, "sha256")
            v = hmac.digest(k, v, "sha256")
        while True:
            v = hmac.digest(k, v, "sha256")
            if 0 < int.from_bytes(v, "big") < ORDER:
                yield int.from_bytes(v, "big")
            k = hmac.digest(k, v + b"\x00", "sha256")
            v = hmac.digest(k, v, "sha256")


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises BadSignature unless `signature` is 64 bytes `r ‖ s` that verify."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not 0 < r < ORDER or not 0 < s < ORDER:
        raise BadSignature("range")
    e, w = int.from_bytes(hashlib.sha256(message).digest(), "big"), pow(s, -1, ORDER)
    point = add(multiply(e * w, G), multiply(r * w, decode_point(public)))
    if point is None or point[0] % ORDER != r:
        raise BadSignature("does not verify")


def hkdf(secret: bytes, info: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, None, info).derive(secret)


def x963(secret: bytes, shared_info: bytes, size: int) -> bytes:
    return X963KDF(SHA256(), size, shared_info).derive(secret)


def cmac(key: bytes, data: bytes) -> bytes:
    mac = _cmac.CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def aes_block(key: bytes, block: bytes) -> bytes:
    return _run(Cipher(algorithms.AES(key), modes.ECB()).encryptor(), block)


def cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    return _run(Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor(), data)


def cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    return _run(Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor(), data)


def _run(cipher, data: bytes) -> bytes:
    return cipher.update(data) + cipher.finalize()


def gcm(key: bytes, iv: bytes):
    """For 13.2 and 13.3: functions that seal and open, the tag behind the cipher text."""
    def seal(data: bytes) -> bytes:
        cipher = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
        return _run(cipher, data) + cipher.tag

    def unseal(data: bytes) -> bytes:
        return _run(Cipher(algorithms.AES(key), modes.GCM(iv, data[-16:])).decryptor(), data[:-16])
    return seal, unseal


def pad(data: bytes) -> bytes:
    """`80 00…` up to whole blocks, at least one byte (6.1)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % 16)


def unpad(data: bytes) -> bytes:
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80") or len(data) - len(stripped) > 15:
        raise ValueError("padding")
    return stripped[:-1]
