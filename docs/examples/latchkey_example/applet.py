"""The phone's applet: transactions (docs/protocol.md 4.2, 8, 9)."""

import secrets

from . import keys, layout, tlv
from .channel import Channel, ChannelClosed, ChannelError
from .crypto import BadSignature, InvalidPoint, PrivateKey, decode_point, verify
from .framework import Status
from .keys import Context
from .layout import AUTHENTICATE_DRIVE, AUTHENTICATE_FAST, EXCHANGE_AFTER_FAST, EXCHANGE_AFTER_STANDARD, FAST
from .tlv import Malformed, parse_map

IDLE, AFTER_AUTH0, FAST_OPEN, STANDARD_OPEN = range(4)
DUMMY = PrivateKey(1)


class Applet:
    """What the selected applet does; `phone` is the Phone of phone.py."""

    def __init__(self, phone):
        self.phone, self.state, self.endpoint, self.outcome = phone, IDLE, None, None

    def end(self) -> None:
        """SELECT, loss of field, CONTROL FLOW, AUTH0, and every error after AUTH0."""
        if self.endpoint:
            self.endpoint.mailboxes.drop_session()
        self.state, self.endpoint, self.channel, self.context = IDLE, None, None, None

    def command(self, ins: int, p1: int, p2: int, data: bytes) -> bytes:
        handler = {0x80: self._auth0, 0x81: self._auth1, 0xC9: self._exchange, 0x3C: self._control}[ins]
        return handler(p1, p2, data)

    def _auth0(self, p1: int, p2: int, data: bytes) -> bytes:
        self.end()
        try:
            fields = parse_map(data)
            if [len(fields.get(tag, b"")) for tag in (0x5C, 0x87, 0x4C, 0x4D)] != [2, 65, 16, 8] or \
                    fields[0x5C] not in layout.versions(self.phone.version_list):
                raise Malformed("AUTH0")
            decode_point(fields[0x87])
        except (Malformed, InvalidPoint):
            raise Status("6A80") from None
        self.ephemeral = self.phone.new_key()
        self.context = Context(fields[0x4D], fields[0x4C], fields[0x5C], self.phone.version_list, bytes([p1, p2]),
                               fields[0x87], self.ephemeral.public)
        endpoint = self.phone.usable(fields[0x4D])
        if endpoint and endpoint.version > fields[0x5C]:
            endpoint = None
        self.endpoint, self.state = endpoint, AFTER_AUTH0
        answer = tlv.tlv(0x86, self.ephemeral.public)
        if p1 == 0x01:
            answer += tlv.tlv(0x9D, self._cryptogram())
        return answer + b"\x90\x00"

    def _cryptogram(self) -> bytes:
        """The real one, or one of the same making with a random secret (8.5)."""
        endpoint = self.endpoint
        usable = (endpoint and endpoint.persistent and endpoint.options[0] & FAST
                  and (self.phone.authenticated or not endpoint.options[0] & AUTHENTICATE_FAST))
        persistent = endpoint.persistent if usable else secrets.token_bytes(32)
        vehicle = endpoint.vehicle_public if endpoint else DUMMY.public
        device = endpoint.key.public if endpoint else DUMMY.public
        cryptogram, session = self.context.fast(persistent, vehicle, device)
        self.channel = Channel(*keys.split(session))
        self.fast_usable = bool(usable)
        return cryptogram

    def _auth1(self, _p1, _p2, data: bytes) -> bytes:
        if self.state != AFTER_AUTH0:
            self.end()
            raise Status("6985")
        if data[:2] != b"\x9E\x40" or len(data) != 66:
            self.end()
            raise Status("6A80")
        endpoint, context = self.endpoint, self.context
        try:
            verify(endpoint.vehicle_public if endpoint else DUMMY.public,
                   context.signature_input(keys.VEHICLE), data[2:])
            if endpoint is None:
                raise BadSignature("no such key")
        except BadSignature:
            self.end()
            raise Status("6982") from None
        if endpoint.options[0] & AUTHENTICATE_DRIVE and context.flag[1] == 3 and not self.phone.authenticated:
            self.end()
            raise Status("6985")
        session, persistent = context.standard(self.ephemeral, context.vehicle_ephemeral)
        if endpoint.options[0] & FAST:
            endpoint.persistent = persistent
        answer = tlv.tlv(0x4E, endpoint.slot) + tlv.tlv(0x9E, endpoint.key.sign(context.signature_input(keys.ENDPOINT)))
        if endpoint.options[0] & layout.RETURN_SIGNALING:
            answer += tlv.tlv(0x4B, endpoint.mailboxes.private[:1])
        self.channel, self.state = Channel(*keys.split(session), counter=0), STANDARD_OPEN
        return self.channel.seal_response(answer) + b"\x90\x00"

    def _exchange(self, _p1, _p2, data: bytes) -> bytes:
        after_fast = self.state == FAST_OPEN or self.state == AFTER_AUTH0 and self.context.flag[0] == 1
        if not after_fast and self.state != STANDARD_OPEN:
            self.end()
            raise Status("6985")
        try:
            plain = self.channel.open_command(data)
            if self.state == AFTER_AUTH0 and not self.fast_usable:
                raise ChannelError("keys of a dummy")
            bit = EXCHANGE_AFTER_FAST if after_fast else EXCHANGE_AFTER_STANDARD
            if not self.endpoint.options[0] & bit:
                raise ChannelClosed()
        except (ChannelError, ChannelClosed) as error:
            self.end()
            raise Status("6988" if isinstance(error, ChannelError) else "6985") from None
        self.state = FAST_OPEN if after_fast else STANDARD_OPEN
        answer = self.endpoint.mailboxes.execute(plain, after_fast)
        return self.channel.seal_response(answer) + b"\x90\x00"

    def _control(self, p1: int, p2: int, _data) -> bytes:
        self.outcome = f"{p1:02X} {p2:02X}"
        self.end()
        return b"\x90\x00"
