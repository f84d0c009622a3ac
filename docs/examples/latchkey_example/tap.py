"""The car at the applet: taps, phase 3, first friend transaction (docs/protocol.md 7.8, 8, 10)."""

import secrets

from . import exchange, keys, layout, objects
from .car import Car, KeyRecord, now
from .certificates import NO_END
from .channel import Channel, ChannelError
from .crypto import BadSignature, InvalidPoint, PrivateKey, decode_point, key_id, verify
from .exchange import atomic, confidential, fill, read, write
from .keys import Context, immobilizer_token
from .layout import APPLET, FAST, NEEDS_RECEIPT, NEEDS_TOKEN, apdu, select
from .tlv import Malformed, parse_map, tlv

MAINTENANCE, UNLOCK, LOCK, DRIVE, PAIR, PRESENCE = 0, 1, 2, 3, 4, 6
DONE = {UNLOCK: 1, LOCK: 2, DRIVE: 3}


class Refused(Exception):
    """The tap ends with CONTROL FLOW 00 `hint` (4.5)."""

    def __init__(self, hint: int, why: str):
        super().__init__(f"CONTROL FLOW 00 {hint:02X}: {why}")
        self.hint = hint


class Tap:
    """One transaction (8.2); `link` is a Reader of vpcd.py."""

    def __init__(self, car: Car, link, action: int, fast: bool = True, code: str | None = None):
        self.car, self.link, self.action, self.code = car, link, action, code
        candidates = any(key.active and key.persistent for key in car.keys)
        self.want_fast = fast and action not in (DRIVE, PAIR) and bool(car.options[0] & FAST) and candidates

    def run(self) -> tuple[KeyRecord, str]:
        """The key, and `fast` or `standard`; the car acts by what this returns."""
        try:
            self._auth0()
            record, way = self._fast(), "fast"
            if record is None:
                record, way = self._standard(), "standard"
            self._authorize(record, way)
        except Refused as refused:
            self._control_flow(0x00, refused.hint)
            raise
        self._control_flow(0x01, DONE.get(self.action, 0))
        if self.action == PAIR:
            self._activate(record)
        return record, way

    # Authentication.

    def _auth0(self) -> None:
        listed = parse_map(self._sent(select(APPLET)))[0x5C]
        common = [version for version in self.car.versions if version in layout.versions(listed)]
        if not common:
            raise Refused(0x00, "no common version")
        self.ephemeral, flag = PrivateKey(), bytes([self.want_fast, self.action])
        transaction, version = secrets.token_bytes(16), max(common)
        data = (tlv(0x5C, version) + tlv(0x87, self.ephemeral.public) + tlv(0x4C, transaction)
                + tlv(0x4D, self.car.vehicle_id))
        try:
            answer = parse_map(self._sent(apdu(0x80, 0x80, *flag, data)))
            decode_point(answer.get(0x86, b""))
        except (Malformed, InvalidPoint):
            raise Refused(0x00, "answer to AUTH0") from None
        self.cryptogram = answer.get(0x9D, b"")
        self.context = Context(self.car.vehicle_id, transaction, version, listed, flag, self.ephemeral.public,
                               answer[0x86])

    def _fast(self) -> KeyRecord | None:
        if not self.want_fast:
            return None
        for key in self.car.keys:
            if key.active and key.persistent and key.version <= self.context.version:
                cryptogram, session = self.context.fast(key.persistent, self.car.vehicle.public, key.public)
                if keys.equal(cryptogram, self.cryptogram):
                    self.channel = Channel(*keys.split(session))
                    return key
        return None

    def _standard(self) -> KeyRecord:
        """AUTH1 and rows 3 to 8 of 8.7."""
        signature = self.car.vehicle.sign(self.context.signature_input(keys.VEHICLE))
        answer = self.link.transmit(apdu(0x80, 0x81, data=tlv(0x9E, signature)))
        if answer[-2:] != b"\x90\x00":
            raise Refused({b"\x69\x82": 0x01, b"\x69\x85": 0x05}.get(answer[-2:], 0x00), answer[-2:].hex())
        session, persistent = self.context.standard(self.ephemeral, self.context.endpoint_ephemeral)
        self.channel = Channel(*keys.split(session), counter=0)
        try:
            answer = parse_map(self.channel.open_response(answer[:-2]))
            slot, signature = answer[0x4E], answer[0x9E]
        except (ChannelError, Malformed, KeyError):
            raise Refused(0x00, "answer to AUTH1") from None
        record = self.car.key(slot) or self._first_time(slot, signature)
        try:
            verify(record.public, self.context.signature_input(keys.ENDPOINT), signature)
        except BadSignature:
            raise Refused(0x00, "signature of the phone") from None
        if record.version > self.context.version:
            raise Refused(0x00, "version below the key's")
        record.persistent = persistent if self.car.options[0] & FAST else None
        return record

    def _first_time(self, slot: bytes, signature: bytes) -> KeyRecord:
        """First friend transaction (10.6)."""
        state, owner = self.car.slots.get(slot), self.car.owner()
        if state in ("retired", "bound"):
            raise Refused(0x02, f"slot {slot.hex()} is {state}")
        if state != "issued" or slot[1] == 1 or owner is None:
            raise Refused(0x01, f"slot {slot.hex()} unknown")
        size = int.from_bytes(self._read(layout.PACKAGE, 2), "big")
        if not 0 < size <= layout.END - layout.PACKAGE - 2:
            raise Refused(0x01, "no package")
        package = self._read(layout.PACKAGE + 2, size)
        try:
            a = objects.Attestation.decode(package, owner.public)
            verify(a.friend_public, self.context.signature_input(keys.ENDPOINT), signature)
            if (a.vehicle_id, a.owner_key_id, a.slot) != (self.car.vehicle_id, key_id(owner.public), slot) or \
                    a.version > self.context.version or a.config.profile == objects.OWNER or a.config.may_share:
                raise ValueError("content")
        except ValueError as error:
            raise Refused(0x07, f"attestation: {error}") from None
        if a.config.not_after and a.config.not_after <= now():
            raise Refused(0x03, "over")
        if a.activation_tag and (self.code is None or not keys.equal(
                keys.activation_tag(owner.long_term_secret, self.code, a.nonce), a.activation_tag)):
            raise Refused(0x05, "activation code")
        record = KeyRecord(slot, a.friend_public, a.version, a.config.not_before,
                           a.config.not_after or NO_END, a.config.profile, active=True)
        self.car.keys.append(record)
        self.car.slots[slot] = "bound"
        self._clear(layout.HAS_PACKAGE, write(layout.PACKAGE, b"\x00\x00"))
        return record

    # After authentication.

    def _authorize(self, key: KeyRecord, way: str) -> None:
        """Row 9 of 8.7, in its order."""
        if (self.action == PAIR) == key.active:
            raise Refused(0x04, "pending and code 04 belong together")
        if self.action == PAIR:
            self._fill_mailboxes(key)
            return
        if way == "standard":
            self._housekeeping(key)
        if self.action == DRIVE and key.profile in (objects.ACCESS_ONLY, objects.TRUNK):
            raise Refused(0x04, "no right to drive")
        if not key.not_before <= now() < key.not_after:
            raise Refused(0x03, "not valid now")
        if self.action == DRIVE and self.car.options[1] & NEEDS_RECEIPT and not key.receipt_seen:
            raise Refused(0x08, "no receipt")
        if self.action == DRIVE and self.car.options[1] & NEEDS_TOKEN:
            token = self._exchange(confidential(read(0, layout.TOKEN_SIZE)))[0]
            if not keys.equal(token, self._token(key.slot)):
                raise Refused(0x06, "token")

    def _fill_mailboxes(self, key: KeyRecord) -> None:
        """Phase 3: all eight slots, in one atomic session (7.8)."""
        self.issued = [key.slot] + [self.car.next_slot(position) for position in range(2, 9)]
        self.car.slots |= {slot: "issued" for slot in self.issued}
        self._exchange(atomic(True) + write(layout.SLOT_BITMAP, b"\xFF" + b"".join(self.issued)))
        tokens = b"".join(map(self._token, self.issued))
        self._exchange(atomic(False) + confidential(write(0, tokens)) + write(layout.SIGNALING, b"\x00"))

    def _activate(self, key: KeyRecord) -> None:
        former = self.car.owner()
        if former:
            self.car.keys.remove(former)
        for slot, state in self.car.slots.items():
            if slot not in self.issued and (state == "issued" or former and slot == former.slot):
                self.car.slots[slot] = "retired"
        key.active, self.car.slots[key.slot] = True, "bound"

    def _housekeeping(self, key: KeyRecord) -> None:
        """Receipt (10.8) and, for the owner, retire list (10.7) and refill (10.5)."""
        signaling = self._read(layout.SIGNALING, 1)[0]
        if signaling & layout.HAS_RECEIPT and self.car.server_public:
            size = int.from_bytes(self._read(layout.RECEIPT, 2), "big")
            try:
                objects.check_receipt(self._read(layout.RECEIPT + 2, min(size, 190)), self.car.vehicle_id,
                                      key_id(key.public), key.slot, self.car.server_public)
                key.receipt_seen = True
            except ValueError:
                pass        # a wrong receipt is ignored
            self._clear(layout.HAS_RECEIPT)
        if signaling & layout.FOR_CAR and key.profile == objects.OWNER:
            self._retire(self._read(layout.OEM, layout.RECEIPT - layout.OEM))
        if signaling & layout.REFILL and key.profile == objects.OWNER:
            self._refill()

    def _retire(self, area: bytes) -> None:
        """Ends keys that the owner took back, used or not."""
        rest = area
        while len(rest) > 2 and rest[0]:
            tag, value, rest = rest[0], rest[2:2 + rest[1]], rest[2 + rest[1]:]
            if tag == 0xC1 and len(value) % 2 == 0 and len(value) <= 40:
                for slot in layout.versions(value):
                    if slot[1] != 1 and self.car.slots.get(slot) in ("issued", "bound"):
                        self.car.slots[slot] = "retired"
                        self.car.keys = [key for key in self.car.keys if key.slot != slot]
        self._clear(layout.FOR_CAR, fill(layout.OEM, len(area)))

    def _refill(self) -> None:
        used, listed = self._read(layout.SLOT_BITMAP, 1)[0], self._read(layout.SLOT_LIST, 16)
        operations, tokens = [], []
        for position in range(2, 9):
            slot, bit = listed[2 * position - 2:2 * position], 1 << position - 1
            if not used & bit or self.car.slots.get(slot) != "issued":
                slot, used = self.car.next_slot(position), used | bit
                self.car.slots[slot] = "issued"
                operations.append(write(layout.SLOT_LIST + 2 * position - 2, slot))
                tokens.append(write(layout.TOKEN_SIZE * (position - 1), self._token(slot)))
        self._clear(layout.REFILL, *operations, write(layout.SLOT_BITMAP, bytes([used])), tokens=tokens)

    def _clear(self, bit: int, *operations: bytes, tokens=()) -> None:
        """Other writes, and the signaling bit of the message they consume, in one command or session."""
        signaling = self._read(layout.SIGNALING, 1)[0] & ~bit
        if tokens:
            self._exchange(atomic(True) + confidential(*tokens))
        self._exchange(atomic(False) + b"".join(operations) + write(layout.SIGNALING, bytes([signaling])))

    def _token(self, slot: bytes) -> bytes:
        return immobilizer_token(self.car.immobilizer_secret, slot, self.car.vehicle_id)

    # Commands.

    def _read(self, offset: int, size: int) -> bytes:
        """Reads of 224 bytes at most."""
        parts = [self._exchange(read(at, min(224, offset + size - at)))[0]
                 for at in range(offset, offset + size, 224)]
        return b"".join(parts)

    def _exchange(self, plain: bytes) -> list[bytes]:
        answer = self._sent(apdu(0x84, 0xC9, data=self.channel.seal_command(plain)))
        try:
            status, parts = exchange.answer(self.channel.open_response(answer))
        except (ChannelError, ValueError):
            raise Refused(0x00, "answer to EXCHANGE") from None
        if status != exchange.OK:
            raise Refused(0x00, f"EXCHANGE status {status:04x}")
        return parts

    def _sent(self, command: bytes) -> bytes:
        answer = self.link.transmit(command)
        if answer[-2:] != b"\x90\x00":
            raise Refused(0x00, f"{command[:4].hex()} answered {answer[-2:].hex()}")
        return answer[:-2]

    def _control_flow(self, p1: int, p2: int) -> None:
        self.link.transmit(apdu(0x80, 0x3C, p1, p2, le=False))
