"""Encrypted containers and the polling frame (docs/protocol.md 13, 14)."""

import hashlib
import hmac

from . import crypto
from .crypto import PrivateKey, cbc_decrypt, cbc_encrypt, cmac, decode_point, hkdf, pad, unpad, x963


def _export_keys(shared: bytes, ephemeral: bytes, recipient: bytes, slot: bytes, vehicle_id: bytes):
    seed = x963(shared, ephemeral + recipient, 32)
    keys = hkdf(seed, b"Export" + slot + vehicle_id, 32)
    return keys[:16], keys[16:]


def export_token(token: bytes, recipient: bytes, slot: bytes, vehicle_id: bytes, ephemeral=None) -> bytes:
    """13.1: `ePK ‖ c ‖ mac`."""
    ephemeral = ephemeral or PrivateKey()
    enc, mac = _export_keys(ephemeral.ecdh(recipient), ephemeral.public, recipient, slot, vehicle_id)
    body = ephemeral.public + cbc_encrypt(enc, bytes(16), pad(token))
    return body + cmac(mac, body)


def import_token(sealed: bytes, own: PrivateKey, slot: bytes, vehicle_id: bytes) -> bytes:
    body, tag = sealed[:-16], sealed[-16:]
    decode_point(body[:65])
    enc, mac = _export_keys(own.ecdh(body[:65]), body[:65], own.public, slot, vehicle_id)
    if not hmac.compare_digest(cmac(mac, body), tag):
        raise ValueError("MAC of the token")
    return unpad(cbc_decrypt(enc, bytes(16), body[65:]))


def _ecies_keys(shared: bytes, ephemeral: bytes, recipient: bytes):
    okm = x963(shared, ephemeral + recipient, 32)
    return crypto.gcm(okm[:16], okm[16:])


def ecies_seal(data: bytes, recipient: bytes, ephemeral=None) -> dict:
    """13.2, as the JSON object."""
    ephemeral = ephemeral or PrivateKey()
    seal, _ = _ecies_keys(ephemeral.ecdh(recipient), ephemeral.public, recipient)
    return {"version": "ECIES_v1", "ephemeralPublicKey": ephemeral.public.hex(),
            "publicKeyHash": hashlib.sha256(recipient).hexdigest(), "data": seal(data).hex()}


def ecies_open(container: dict, own: PrivateKey) -> bytes:
    if container["version"] != "ECIES_v1":
        raise ValueError("version")
    if bytes.fromhex(container["publicKeyHash"]) != hashlib.sha256(own.public).digest():
        raise ValueError("recipient key unknown")
    ephemeral = bytes.fromhex(container["ephemeralPublicKey"])
    _, unseal = _ecies_keys(own.ecdh(ephemeral), ephemeral, own.public)
    return unseal(bytes.fromhex(container["data"]))


def polling_crc(body: bytes) -> bytes:
    """CRC_A of a polling frame, low byte first."""
    crc = 0x6363
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc.to_bytes(2, "little")
