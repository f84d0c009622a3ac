"""The car: owner pairing (docs/protocol.md 7) and what car and reader share."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone

from . import certificates, crypto, layout, objects, spake
from .certificates import NO_END, BadChain, Certificate, Endpoint, generalized
from .channel import CHUNK, Channel, ChannelError
from .crypto import InvalidPoint, PrivateKey
from .keys import V0100, V0200, equal
from .layout import FRAMEWORK, apdu, select
from .tlv import Malformed, parse_map, tlv


class Abort(Exception):
    """Pairing ends with OP CONTROL FLOW 00 `reason` (4.4)."""

    def __init__(self, reason: int, why: str):
        super().__init__(f"OP CONTROL FLOW 00 {reason:02X}: {why}")
        self.reason = reason


@dataclass
class KeyRecord:
    """What a car keeps per key."""
    slot: bytes
    public: bytes
    version: bytes
    not_before: str
    not_after: str
    profile: int = objects.OWNER
    active: bool = False
    persistent: bytes | None = None
    long_term_secret: bytes = b""
    receipt_seen: bool = False


@dataclass
class Car:
    """Identity and memory of one car."""
    vehicle: PrivateKey
    root: bytes                                 # J's public key
    certificate: bytes                          # [K]
    intermediate: bytes | None = None
    server_public: bytes = b""                  # Q's public key, for receipts
    versions: tuple[bytes, ...] = (V0200, V0100)
    options: bytes = b"\x8F\x03"
    immobilizer_secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    keys: list[KeyRecord] = field(default_factory=list)
    slots: dict[bytes, str] = field(default_factory=dict)       # id → issued, bound, retired (10.5)
    door: str = "locked"

    @property
    def vehicle_id(self) -> bytes:
        return bytes.fromhex(Certificate(self.certificate, certificates.VEHICLE, ca=False).name)

    def next_slot(self, position: int) -> bytes:
        """An id never given out before."""
        return bytes([sum(slot[1] == position for slot in self.slots), position])

    def key(self, slot: bytes) -> KeyRecord | None:
        return next((key for key in self.keys if key.slot == slot), None)

    def owner(self) -> KeyRecord | None:
        return next((key for key in self.keys if key.active and key.profile == objects.OWNER), None)


def now() -> str:
    return generalized(datetime.now(timezone.utc))


def checked(link, command: bytes, reason: int = 0x00) -> bytes:
    """The body of an answer with 9000."""
    answer = link.transmit(command)
    if answer[-2:] != b"\x90\x00":
        raise Abort(reason, f"{command[:4].hex()} answered {answer[-2:].hex()}")
    return answer[:-2]


class Pairing:
    """Phase 2 with one phone (7.2); `link` is a Reader of vpcd.py."""

    def __init__(self, car: Car, link, scrypt: spake.Scrypt, w0: int, verifier: bytes):
        self.car, self.link, self.scrypt, self.w0, self.verifier = car, link, scrypt, w0, verifier

    def run(self) -> KeyRecord:
        """The new, pending key."""
        try:
            self._open_channel()
            asked = self._create()
            self.link.field_reset()
            self._select()
            record = self._fetch(asked)
            proof = objects.statement(self.car.vehicle_id, crypto.key_id(record.public), record.slot, now(),
                                      self.car.vehicle)
            self._write(tlv(0x5F5A, proof))
            checked(self.link, apdu(0x80, 0x3C, 2, 0, le=False))
        except Abort as abort:
            self.link.transmit(apdu(0x80, 0x3C, 0, abort.reason, le=False))
            raise
        self.car.keys.append(record)
        return record

    def _select(self) -> bytes:
        """The phone's applet versions, if it is in pairing mode (3.2)."""
        answer = parse_map(checked(self.link, select(FRAMEWORK)))
        if answer[0xD4] != b"\x02":
            raise Abort(0x00, "the phone is not in pairing mode")
        if spake.VERSION not in layout.versions(answer[0x5A]):
            raise Abort(0x01, "SPAKE2+ version")
        return answer[0x5C]

    def _open_channel(self) -> None:
        """SPAKE2+ (5)."""
        phone = layout.versions(self._select())
        common = [version for version in self.car.versions if version in phone]
        if not common:
            raise Abort(0x02, "no common version")
        self.version = max(common)
        rest = sorted((v for v in self.car.versions if v != self.version), reverse=True)
        listed = b"".join([self.version, *rest])
        request = (tlv(0x5B, spake.VERSION) + tlv(0x5C, listed) + tlv(0x7F50, self.scrypt.encoded())
                   + tlv(0xD6, b"\xFF\xFF"))
        try:
            x_share = parse_map(checked(self.link, apdu(0x80, 0x30, data=request)))[0x50]
            y = secrets.randbelow(crypto.ORDER - 1) + 1
            y_share = spake.car_share(y, self.w0)
            shared = spake.car_shared(y, self.w0, self.verifier, x_share)
        except (InvalidPoint, Malformed, KeyError):
            raise Abort(0x0C, "X") from None
        self.secrets = spake.Keys.derive(x_share, y_share, *shared, self.w0, listed)
        verify = tlv(0x52, y_share) + tlv(0x57, self.secrets.m1)
        m2 = parse_map(checked(self.link, apdu(0x80, 0x32, data=verify), 0x09)).get(0x58, b"")
        if not equal(m2, self.secrets.m2):
            raise Abort(0x09, "M2")
        self.channel = Channel(self.secrets.enc, self.secrets.mac, self.secrets.rmac)

    def _create(self) -> tuple[Endpoint, str, str]:
        """First batch (7.3)."""
        car = self.car
        car.keys = [key for key in car.keys if key.active]      # an earlier pairing that broke has ended
        car.slots |= {slot: "retired" for slot, state in car.slots.items() if slot[1] == 1 and state == "issued"}
        slot = car.next_slot(1)
        car.slots[slot] = "issued"
        asked = (Endpoint(car.vehicle_id, car.options, self.version, car.vehicle.public, slot, [car.root],
                          layout.CONFIDENTIAL_SIZE, layout.PRIVATE_SIZE), now(), NO_END)
        configuration = tlv(0x82, b"\x00") + tlv(0x83, b"\x7E") + tlv(0x84, b"\x02") + tlv(0x85, b"Example car")
        self._write(tlv(0x7F4A, layout.creation_data(*asked)) + tlv(0x7F4B, car.certificate)
                    + (tlv(0x7F4C, car.intermediate) if car.intermediate else b"")
                    + tlv(0x7F4D, layout.MAPPING) + tlv(0x7F4E, configuration))
        checked(self.link, apdu(0x80, 0x3C, 1, 0, le=False))
        return asked

    def _fetch(self, asked) -> KeyRecord:
        """Certificates of the new key, and the checks of 7.5."""
        for _ in range(26):
            ready = self._get(0x5F63)
            if ready != b"\x00":
                break
            time.sleep(0.2)
        if ready != b"\x01":
            raise Abort(0x0E, "the phone made no key")
        try:
            leaf, endpoint = certificates.endpoint_chain(*map(self._get, (0x7F60, 0x7F61, 0x7F62)),
                                                         self.car.root, now())
        except BadChain as error:
            raise Abort(0x04, str(error)) from None
        wanted, not_before, not_after = asked
        if (endpoint.vehicle_id, endpoint.vehicle_public) != (wanted.vehicle_id, wanted.vehicle_public):
            raise Abort(0x05, "vehicle")
        if endpoint != wanted or (leaf.not_before, leaf.not_after) != (not_before, not_after):
            raise Abort(0x0F, "options")
        return KeyRecord(endpoint.slot, leaf.public, endpoint.version, not_before, not_after,
                         long_term_secret=self.secrets.long_term_secret)

    def _write(self, stream: bytes) -> None:
        """A batch: one command if it fits, else 239 bytes per command and 5F5F alone in the last (7.3)."""
        end, chunks = tlv(0x5F5F), [stream[at:at + CHUNK] for at in range(0, len(stream), CHUNK)]
        if len(stream + end) <= CHUNK:
            chunks, end = [], stream + end
        for p1, chunk in [*((0x00, chunk) for chunk in chunks), (0x80, end)]:
            answer = checked(self.link, apdu(0x84, 0xD4, p1, 0, self.channel.seal_command(chunk)))
            self._open(answer)

    def _get(self, tag: int) -> bytes:
        """GET DATA, with GET RESPONSE while there is more (6.4)."""
        command = apdu(0x84, 0xCA, 0, 0, self.channel.seal_command(tag.to_bytes(2, "big")))
        data = b""
        while True:
            answer = self.link.transmit(command)
            if answer[-2] not in (0x61, 0x90):
                raise Abort(0x08, f"GET DATA {tag:04X} answered {answer[-2:].hex()}")
            data += self._open(answer[:-2])
            if answer[-2] == 0x90:
                return data
            self.channel.count_get_response()
            command = apdu(0x00, 0xC0)

    def _open(self, body: bytes) -> bytes:
        try:
            return self.channel.open_response(body)
        except ChannelError as error:
            raise Abort(0x0A, str(error)) from None
