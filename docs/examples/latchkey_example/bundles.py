"""device-oem.json and automaker.json (docs/api.md 3), and files a role keeps."""

import json
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import certificates
from .certificates import issue
from .crypto import PrivateKey


def pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def der(text: str) -> bytes:
    return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)


def name_and_key(certificate: bytes) -> tuple[str, bytes]:
    loaded = x509.load_der_x509_certificate(certificate)
    public = loaded.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return list(loaded.subject)[0].value, public


def automaker_bundle(root: PrivateKey, name: str, encryption: PrivateKey, signature: PrivateKey,
                     intermediate: bytes | None, device_oem: dict) -> dict:
    """Certifies the phone maker, and tells it our certificates."""
    device_name, device_public = name_and_key(der(device_oem["root"]))
    external = issue(device_name, device_public, name, root, certificates.EXTERNAL, ca=True)
    return {
        "environment": device_oem["environment"], "vehicleOemId": "example-cars",
        "root": pem(issue(name, root.public, name, root, certificates.ROOT, ca=True)),
        **({"intermediates": [pem(intermediate)]} if intermediate else {}),
        "externalCA": pem(external),
        "encryption": pem(issue("Encryption", encryption.public, name, root, certificates.ENCRYPTION, ca=False)),
        "signature": pem(issue("Signature", signature.public, name, root, certificates.SIGNATURE, ca=False)),
    }


def save(path: pathlib.Path, value: dict) -> None:
    """JSON with bytes as {"hex": …} and keys as {"key": …}; the old file stays until the new one is whole."""
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(value, default=_plain, indent=1))
    os.replace(temporary, path)


def load(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(), object_hook=_rich)


def _plain(value):
    if isinstance(value, PrivateKey):
        return {"key": f"{value.secret:064x}"}
    if isinstance(value, (bytes, bytearray)):
        return {"hex": value.hex()}
    return vars(value)


def _rich(value: dict):
    if list(value) == ["hex"]:
        return bytes.fromhex(value["hex"])
    return PrivateKey(int(value["key"], 16)) if list(value) == ["key"] else value
