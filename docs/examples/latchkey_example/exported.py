"""Cars and phones that `latchkey vehicle export` and `latchkey phone export` wrote (docs/interop.md 6)."""

from . import bundles
from .car import Car, KeyRecord
from .certificates import NO_END
from .crypto import PrivateKey
from .exchange import Mailboxes
from .objects import KeyConfig
from .phone import Key

STATES = {"creating": "terminated"}


def _bytes(text: str | None) -> bytes | None:
    return bytes.fromhex(text) if text else None


def _der(text: str | None) -> bytes | None:
    return bundles.der(text) if text else None


def _public(certificate: str) -> bytes:
    return bundles.name_and_key(bundles.der(certificate))[1]


def car(file: dict) -> Car:
    """The car, with the keys that work; one that is pending pairs again."""
    return Car(PrivateKey.from_pem(file["vehicleKey"]), _public(file["root"]), _der(file["certificate"]),
               _der(file.get("intermediate")), _public(file["signature"]), options=bytes.fromhex(file["options"]),
               immobilizer_secret=bytes.fromhex(file["immobilizerKey"]),
               keys=[_record(key) for key in file["keys"] if key["state"] == "active"],
               slots={bytes.fromhex(slot): state for slot, state in file["slots"].items()})


def _record(key: dict) -> KeyRecord:
    config = KeyConfig.decode(bytes.fromhex(key["config"]))
    return KeyRecord(bytes.fromhex(key["slotId"]), bytes.fromhex(key["publicKey"]), bytes.fromhex(key["version"]),
                     config.not_before, config.not_after or NO_END, config.profile, active=True,
                     persistent=_bytes(key.get("kpersistent")), receipt_seen=key["receiptSeen"],
                     long_term_secret=_bytes(key.get("longTermSharedSecret")) or b"")


def phone(file: dict) -> dict:
    """What phone.py keeps."""
    makers = {maker["name"]: {"root": bytes.fromhex(maker["rootKey"]), "F": _der(maker["externalCA"]),
                              "E": _der(maker["instanceCA"]), "instance": PrivateKey.from_pem(maker["instanceKey"])}
              for maker in file["makers"]}
    return {"makers": list(makers.values()), "keys": [_key(key, makers) for key in file["keys"]]}


def _key(key: dict, makers: dict) -> Key:
    boxes = Mailboxes(bytes.fromhex(key["privateMailbox"]), bytes.fromhex(key["confidentialMailbox"]))
    maker = makers[key["automaker"]]
    return Key(PrivateKey.from_pem(key["privateKey"]), bytes.fromhex(key["vehicleId"]),
               bytes.fromhex(key["vehicleKey"]), bytes.fromhex(key["options"]), bytes.fromhex(key["version"]),
               bytes.fromhex(key["slotId"]), [maker["F"], maker["E"], _der(key["certificate"])], boxes,
               [bytes.fromhex(public) for public in key["authorizedKeys"]], bytes.fromhex(key["mapping"]),
               _bytes(key.get("kpersistent")), _bytes(key.get("longTermSharedSecret")) or b"",
               STATES.get(key["phase"], key["phase"]))
