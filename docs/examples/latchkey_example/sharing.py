"""Sharing: the three requests, and the friend's side of them (docs/protocol.md 12.2, 12.3, 13.3)."""

import base64
import json
import secrets
import ssl
import time
import urllib.request
import uuid
from dataclasses import dataclass

from . import crypto, der, layout
from .certificates import NO_END, Endpoint, vehicle_certificate
from .containers import import_token
from .crypto import PrivateKey
from .der import Reader, integer, octets, sequence
from .objects import OWNER, KeyConfig, encryption_proof
from .tlv import parse_map


@dataclass
class KeyCreationRequest:
    """What the owner offers; `da` is tag 82 of 7F4E."""
    vehicle_id: bytes
    certificate: bytes
    versions: bytes
    slot: bytes
    options: bytes
    confidential_size: int
    private_size: int
    mapping: bytes
    configuration: bytes
    da: int
    config: KeyConfig
    authorized: list[bytes]
    activation: bool = False
    intermediate: bytes | None = None

    def encoded(self) -> bytes:
        return sequence(integer(1), octets(self.vehicle_id), self.certificate, octets(self.versions),
                        octets(self.slot), octets(self.options), integer(self.confidential_size),
                        integer(self.private_size), octets(self.mapping), octets(self.configuration),
                        integer(self.da), self.config.encoded(), sequence(*map(octets, self.authorized)),
                        integer(1, 0x80) if self.activation else b"",
                        der.node(0x81, self.intermediate) if self.intermediate else b"")

    @classmethod
    def decode(cls, data: bytes) -> "KeyCreationRequest":
        r = _only(data)
        r.integer([1])
        head = (r.octets(8), r.raw(der.SEQUENCE), r.octets(range(2, 17, 2)), r.octets(2), r.octets(2),
                r.integer(range(2049)), r.integer(range(2049)), r.octets(), r.octets(), r.integer([0, 1, 3]),
                KeyConfig.decode(r.raw(der.SEQUENCE)))
        keys, authorized = r.inside(), []
        while keys.data:
            authorized.append(keys.octets(65))
            crypto.decode_point(authorized[-1])
        activation = r.optional(0x80, lambda: r.integer([1], 0x80))
        request = cls(*head, authorized, activation is not None, r.optional(0x81, lambda: r.octets(tag=0x81)))
        r.end()
        if not 1 <= len(authorized) <= 5:
            raise der.BadDER("authorizedPKs")
        return request


def key_signing_request(chain: list[bytes], encryption_public: bytes, proof: bytes) -> bytes:
    return sequence(integer(1), sequence(*chain), octets(encryption_public), octets(proof))


def decode_import(data: bytes) -> tuple[bytes, bytes | None]:
    """Attestation and encToken of an ImportRequest."""
    r = _only(data)
    r.integer([1])
    attestation, token = r.raw(der.SEQUENCE), r.optional(der.OCTETS, r.octets)
    r.end()
    return attestation, token


def _only(data: bytes) -> Reader:
    outer = Reader(data)
    inner = outer.inside()
    outer.end()
    return inner


# The friend.

def make_key(phone, request: KeyCreationRequest):
    """Step 3: a key, its encryption pair, and the KeySigningRequest; ValueError if the friend refuses."""
    vehicle = vehicle_certificate(request.certificate, request.intermediate, request.authorized[0], None)
    if request.authorized[0] not in phone.roots or bytes.fromhex(vehicle.name) != request.vehicle_id:
        raise ValueError("the car's certificate")
    if phone.usable(request.vehicle_id) or request.config.profile == OWNER or request.config.may_share:
        raise ValueError("not a key to take")
    common = set(layout.versions(request.versions)) & set(layout.versions(phone.version_list))
    wanted = Endpoint(request.vehicle_id, request.options, max(common), vehicle.public, request.slot,
                      request.authorized, request.confidential_size, request.private_size)
    key = phone.make_endpoint(request.authorized[0], wanted, request.config.not_before,
                              request.config.not_after or NO_END, request.mapping)
    encryption = PrivateKey()
    proof = key.key.sign(encryption_proof(request.vehicle_id, request.slot, encryption.public))
    return key, encryption, key_signing_request(key.chain, encryption.public, proof)


def take_import(key, encryption: PrivateKey, data: bytes) -> None:
    """Step 7: the package goes into the private mailbox, the token into the confidential one."""
    package, token = decode_import(data)
    body = Reader(Reader(package).inside().raw(der.SEQUENCE)).inside()
    body.integer([1])
    vehicle_id, _, _, public, slot = (body.octets(size) for size in (8, 20, 20, 65, 2))
    if (vehicle_id, public, slot) != (key.vehicle_id, key.key.public, key.slot):
        raise ValueError("an attestation of another key")
    at = int.from_bytes(parse_map(key.mapping)[0x86], "big")
    box, content = key.mailboxes, len(package).to_bytes(2, "big") + package
    box.private = (bytes([box.private[0] | layout.HAS_PACKAGE]) + box.private[1:at] + content
                   + box.private[at + len(content):])
    if token:
        clear = import_token(token, encryption, key.slot, key.vehicle_id)
        box.confidential = clear + box.confidential[len(clear):]


class Mailbox:
    """A mailbox of the relay (docs/api.md 6), by its share link; the secret stays in the link."""

    def __init__(self, link: str, trusted: str, claim: str | None = None):
        address, fragment = link.split("#")
        self.address, self.claim = address.split("?")[0], claim or str(uuid.uuid4())
        self.secret = base64.b64decode(fragment.replace("-", "+").replace("_", "/") + "==")
        self.tls = ssl.create_default_context(cadata=trusted)

    def _call(self, method: str, body: dict | None = None) -> dict:
        request = urllib.request.Request(
            self.address, method=method, data=json.dumps(body).encode() if body else None,
            headers={"Mailbox-Request-ID": str(uuid.uuid4()), "Mailbox-Device-Claim": self.claim,
                     "content-type": "application/json"})
        with urllib.request.urlopen(request, context=self.tls, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")

    def read(self) -> tuple[str, bytes]:
        """Name and value of the present content."""
        data = base64.b64decode(self._call("POST")["payload"]["data"])
        clear = json.loads(crypto.gcm(self.secret, data[:12])[1](data[12:]))
        (name, value), = clear["content"].items()
        return name, value.encode() if name == "cancel" else base64.b64decode(value)

    def wait_for(self, name: str, seconds: float) -> bytes:
        """The value once content of this name is there."""
        for _ in range(int(seconds * 2) + 1):
            found, value = self.read()
            if found == name:
                return value
            if found == "cancel":
                raise ValueError(f"cancelled: {value.decode()}")
            time.sleep(0.5)
        raise ValueError(f"no {name} yet")

    def write(self, name: str, value: bytes) -> None:
        clear = {"format": "digitalwallet.carkey.ccc", "content": {name: base64.b64encode(value).decode()}}
        iv = secrets.token_bytes(12)
        sealed = iv + crypto.gcm(self.secret, iv)[0](json.dumps(clear).encode())
        self._call("PUT", {"payload": {"type": "AEAD_AES_128_GCM", "data": base64.b64encode(sealed).decode()}})

    def end(self) -> None:
        """The friend has everything; the owner's phone sees that the mailbox is gone."""
        self._call("DELETE")
