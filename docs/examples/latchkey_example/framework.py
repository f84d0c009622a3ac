"""The phone's framework: owner pairing (docs/protocol.md 4.1, 5, 7)."""

import secrets
import time

from . import crypto, layout, spake, tlv
from .certificates import BadChain, vehicle_certificate
from .channel import CHUNK, Channel, ChannelClosed, ChannelError
from .crypto import InvalidPoint
from .keys import equal
from .layout import parse_creation_data
from .tlv import Malformed, parse, parse_map

(NOTHING, REQUESTED, FIRST_BATCH, FIRST_DONE, FIELD_DUE, SELECT_DUE, GET_DUE, SECOND_BATCH,
 SECOND_DONE) = range(9)
CERTIFICATES = {0x7F60: 0, 0x7F61: 1, 0x7F62: 2}
SURVIVES = 60       # seconds across the field reset (7.4)


class Status(Exception):
    """Any status word but 9000 and 61xx: wipes the keys of a pairing (6.3)."""


class Framework:
    """What the selected framework does; `phone` is the Phone of phone.py."""

    def __init__(self, phone):
        self.phone, self.stage, self.endpoint, self.failures = phone, NOTHING, None, 0

    # Beginning and end.

    def wipe(self) -> None:
        self.stage, self.channel, self.endpoint, self.rest = NOTHING, None, None, b""

    def field_lost(self) -> None:
        if self.stage == FIELD_DUE:
            self.stage, self.reset_at = SELECT_DUE, time.monotonic()
        elif self.stage != SELECT_DUE:      # several power events in a row are one loss
            self.wipe()

    def select(self) -> bytes:
        if self.stage == SELECT_DUE and time.monotonic() - self.reset_at <= SURVIVES:
            self.stage = GET_DUE
        elif self.stage >= FIRST_DONE:
            self.wipe()
        mode = b"\x02" if self.phone.password else b"\x00"
        return (tlv.tlv(0x5A, spake.VERSION) + tlv.tlv(0x5C, self.phone.version_list) + tlv.tlv(0xD4, mode))

    def command(self, ins: int, p1: int, p2: int, data: bytes) -> bytes:
        """Answer with status word; any other status than these wipes."""
        try:
            if self.stage == GET_DUE and ins != 0xCA and (ins, p1) != (0x3C, 0):
                raise Status("6985")
            if ins != 0xC0:
                self.rest = b""
            handler = {0x30: self._request, 0x32: self._verify, 0xD4: self._write, 0xCA: self._get,
                       0xC0: self._get_response, 0x3C: self._control}[ins]
            return handler(p1, p2, data)
        except (ChannelError, ChannelClosed) as error:
            self.wipe()
            raise Status("6988" if isinstance(error, ChannelError) else "6985") from None

    # SPAKE2+.

    def _request(self, _p1, _p2, data: bytes) -> bytes:
        self.wipe()
        if not self.phone.password:
            raise Status("9484")
        try:
            fields = [field for field in parse(data) if field[0] in (0x5B, 0x5C, 0x7F50, 0xD6)]
            self.listed = dict(fields)[0x5C]
            scrypt_fields = dict(parse(dict(fields)[0x7F50]))
            sizes = [(tag, len(value)) for tag, value in parse(dict(fields)[0x7F50])]
            own, theirs = layout.versions(self.phone.version_list), layout.versions(self.listed)
        except (Malformed, KeyError):
            raise Status("6A80") from None
        if [tag for tag, _ in fields] != [0x5B, 0x5C, 0x7F50, 0xD6] or fields[0][1] != spake.VERSION or \
                len(fields[3][1]) != 2 or sizes != [(0xC0, 16), (0xC1, 4), (0xC2, 2), (0xC3, 2)]:
            raise Status("6A80")
        self.version = theirs[0]
        if self.version != max(set(own) & set(theirs), default=None):
            raise Status("6A80")
        numbers = [int.from_bytes(scrypt_fields[tag], "big") for tag in (0xC1, 0xC2, 0xC3)]
        scrypt = spake.Scrypt(scrypt_fields[0xC0], *numbers)
        if not scrypt.acceptable():
            raise Status("6A88")
        self.w0, self.w1 = spake.scalars(self.phone.password, scrypt)
        self.x = secrets.randbelow(crypto.ORDER - 1) + 1
        self.share, self.stage = spake.phone_share(self.x, self.w0), REQUESTED
        return tlv.tlv(0x50, self.share) + b"\x90\x00"

    def _verify(self, _p1, _p2, data: bytes) -> bytes:
        if self.stage != REQUESTED:
            raise Status("6985")
        try:
            fields = parse_map(data)
            y_share, m1 = fields[0x52], fields[0x57]
        except (Malformed, KeyError):
            raise Status("6A80") from None
        if len(y_share) != 65 or len(m1) != 16 or len(fields) != 2:
            raise Status("6A80")
        try:
            shared = spake.phone_shared(self.x, self.w0, self.w1, y_share)
            self.secrets = spake.Keys.derive(self.share, y_share, *shared, self.w0, self.listed)
            if not equal(m1, self.secrets.m1):
                raise InvalidPoint("evidence")
        except InvalidPoint:
            self.failures += 1
            if self.failures == 7:
                self.phone.password = None
            raise Status("6A88") from None
        self.channel = Channel(self.secrets.enc, self.secrets.mac, self.secrets.rmac)
        self.batch, self.stage = b"", FIRST_BATCH
        return tlv.tlv(0x58, self.secrets.m2) + b"\x90\x00"

    # Protected commands.

    def _write(self, p1: int, _p2, data: bytes) -> bytes:
        if self.stage not in (FIRST_BATCH, SECOND_BATCH):
            raise Status("6985")
        self.batch += self.channel.open_command(data)
        if len(self.batch) > 4096:
            raise Status("6A84")
        if p1 == 0x80:
            try:
                objects = parse(self.batch)
                if not objects or objects[-1] != (0x5F5F, b""):
                    raise Malformed("end marker")
                (self._take_first if self.stage == FIRST_BATCH else self._take_second)(objects[:-1])
            except (ValueError, KeyError):
                raise Status("6A80") from None
            self.batch, self.stage = b"", self.stage + 1 if self.stage == FIRST_BATCH else SECOND_DONE
        return self.channel.seal_response(b"") + b"\x90\x00"

    def _take_first(self, objects: list) -> None:
        tags = [tag for tag, _ in objects if tag != 0x7F4C]
        fields = dict(objects)
        if tags != [0x7F4A, 0x7F4B, 0x7F4D, 0x7F4E] or [tag for tag, _ in objects] != sorted(fields):
            raise Malformed("order")
        wanted, not_before, not_after = parse_creation_data(fields[0x7F4A])
        mapping, configuration = parse_map(fields[0x7F4D]), parse_map(fields[0x7F4E])
        if not set(range(0x80, 0x89)) <= set(mapping) or mapping[0x80] != b"\x00\x00" or \
                not {0x82, 0x83, 0x84} <= set(configuration):
            raise Malformed("7F4D or 7F4E")
        for root in self.phone.roots:
            try:
                leaf = vehicle_certificate(fields[0x7F4B], fields.get(0x7F4C), root, None)
                break
            except BadChain:
                continue
        else:
            raise BadChain("no root fits")
        if bytes.fromhex(leaf.name) != wanted.vehicle_id or leaf.public != wanted.vehicle_public or \
                wanted.version != self.version:
            raise Malformed("7F4A does not fit [K]")
        self.creation = (root, wanted, not_before, not_after, fields[0x7F4D])

    def _take_second(self, objects: list) -> None:
        if [tag for tag, _ in objects] not in ([], [0x5F5A]):
            raise Malformed("second batch")

    def _get(self, _p1, _p2, data: bytes) -> bytes:
        if self.stage not in (GET_DUE, SECOND_BATCH):
            raise Status("6985")
        wanted = self.channel.open_command(data)
        tag = int.from_bytes(wanted, "big")
        if len(wanted) != 2 or tag != 0x5F63 and tag not in CERTIFICATES:
            raise Status("6A80")
        if self.stage == GET_DUE:
            self.stage, self.endpoint = SECOND_BATCH, self.phone.make_endpoint(*self.creation)
            self.ready_at = time.monotonic() + self.phone.slowness
        ready = time.monotonic() >= self.ready_at
        if tag == 0x5F63:
            return self._chunk(b"\x01" if ready else b"\x00")
        if not ready:
            raise Status("6985")
        return self._chunk(self.endpoint.chain[CERTIFICATES[tag]])

    def _get_response(self, _p1, _p2, _data) -> bytes:
        if not self.rest:
            raise Status("6985")
        self.channel.count_get_response()
        return self._chunk(self.rest)

    def _chunk(self, plain: bytes) -> bytes:
        """239 bytes, and 61xx while there is more (6.4)."""
        now, self.rest = plain[:CHUNK], plain[CHUNK:]
        more = len(self.rest)
        status = b"\x90\x00" if not more else bytes([0x61, more if more < 256 else 0])
        return self.channel.seal_response(now) + status

    def _control(self, p1: int, p2: int, _data) -> bytes:
        if p1 == 0x00:
            self.wipe()
            if p2 == 0x0D:
                self.phone.password = None
        elif p1 == 0x01:
            if self.stage != FIRST_DONE:
                raise Status("6985")
            self.stage = FIELD_DUE
        else:
            if self.stage != SECOND_DONE:
                raise Status("6985")
            self.endpoint.long_term_secret = self.secrets.long_term_secret
            self.phone.keep(self.endpoint)
            self.phone.password, self.failures = None, 0
            self.wipe()
        return b"\x90\x00"
