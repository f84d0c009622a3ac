"""The phone: APDUs, keys, and the way to both applications (docs/protocol.md 2.1, 3)."""

from dataclasses import dataclass, field

from . import certificates
from .applet import Applet
from .certificates import Endpoint
from .crypto import PrivateKey
from .exchange import Mailboxes
from .framework import Framework, Status
from .layout import APPLET, FRAMEWORK

# INS: class, allowed P1, allowed P2 (None = any), length of data (None = some, 0 = none).
FRAMEWORK_COMMANDS = {
    0x30: (0x80, [0], [0], None), 0x32: (0x80, [0], [0], 85), 0xD4: (0x84, [0x00, 0x80], [0], None),
    0xCA: (0x84, [0], [0], None), 0xC0: (0x00, [0], [0], 0), 0x3C: (0x80, [0, 1, 2], None, 0),
}
APPLET_COMMANDS = {
    0x80: (0x80, [0, 1], [0, 1, 2, 3, 4, 6], None), 0x81: (0x80, [0], [0], None),
    0xC9: (0x84, [0], [0], None), 0x3C: (0x80, [0x00, 0x01, 0x40], None, 0),
}


@dataclass
class Key:
    """One digital key (an endpoint)."""
    key: PrivateKey
    vehicle_id: bytes
    vehicle_public: bytes
    options: bytes
    version: bytes
    slot: bytes
    chain: list[bytes]
    mailboxes: Mailboxes
    authorized: list[bytes] = field(default_factory=list)
    mapping: bytes = b""
    persistent: bytes | None = None
    long_term_secret: bytes = b""
    state: str = "active"


class Phone:
    """`makers` holds, per automaker, J's key, [F], [E] and the key of [E]."""

    def __init__(self, makers: list[dict], keys: list[Key], password: str | None = None,
                 version_list: bytes = b"\x02\x00\x01\x00"):
        self.makers, self.keys, self.password, self.version_list = makers, keys, password, version_list
        self.authenticated, self.slowness, self.new_key = False, 0.3, PrivateKey
        self.framework, self.applet = Framework(self), Applet(self)
        self.field_lost()

    @property
    def roots(self) -> list[bytes]:
        return [maker["root"] for maker in self.makers]

    def usable(self, vehicle_id: bytes) -> Key | None:
        return next((key for key in self.keys if (key.vehicle_id, key.state) == (vehicle_id, "active")), None)

    def make_endpoint(self, root: bytes, wanted: Endpoint, not_before: str, not_after: str, mapping: bytes) -> Key:
        """A new pair and its certificate [H] (7.4, 11)."""
        maker = next(maker for maker in self.makers if maker["root"] == root)
        pair, instance = PrivateKey(), maker["instance"]
        issuer = list(certificates.x509.load_der_x509_certificate(maker["E"]).subject)[0].value
        leaf = certificates.issue(pair.key_id.hex().upper(), pair.public, issuer, instance, certificates.ENDPOINT,
                                  ca=False, extension=wanted.encoded(), not_before=not_before, not_after=not_after)
        boxes = Mailboxes(bytes(wanted.private_size), bytes(wanted.confidential_size))
        return Key(pair, wanted.vehicle_id, wanted.vehicle_public, wanted.options, wanted.version, wanted.slot,
                   [maker["F"], maker["E"], leaf], boxes, wanted.authorized, mapping)

    def keep(self, key: Key) -> None:
        """At most one key per vehicle (7.5)."""
        for other in self.keys:
            if other.vehicle_id == key.vehicle_id:
                other.state = "terminated"
        self.keys.append(key)

    # The radio side.

    def field_lost(self) -> None:
        self.selected, self.framework_seen = None, False
        self.applet.end()
        self.framework.field_lost()

    def command(self, apdu: bytes) -> bytes:
        """Answers one command APDU."""
        try:
            return self._answer(apdu)
        except Status as status:
            if self.selected == FRAMEWORK:
                self.framework.wipe()       # any other status wipes the keys of a pairing (6.3)
            return bytes.fromhex(status.args[0])

    def _answer(self, apdu: bytes) -> bytes:
        cla, ins, p1, p2, data = split(apdu)
        if ins == 0xA4:
            return self._select(cla, p1 << 8 | p2, data)
        if self.selected is None:
            raise Status("6985")
        application, commands = ((self.framework, FRAMEWORK_COMMANDS) if self.selected == FRAMEWORK
                                 else (self.applet, APPLET_COMMANDS))
        if ins not in commands:
            raise Status("6D00")
        wanted_cla, p1s, p2s, size = commands[ins]
        if cla != wanted_cla:
            raise Status("6E00")
        if p1 not in p1s or p2s is not None and p2 not in p2s or (ins, p1) == (0x80, 1) and p2 in (3, 4) or \
                (application, ins) == (self.framework, 0x3C) and p1 and p2:
            raise Status("6B00")
        if size is not None and len(data) != size:
            raise Status("6700")
        return application.command(ins, p1, p2, data)

    def _select(self, cla: int, parameters: int, data: bytes) -> bytes:
        if cla != 0x00:
            raise Status("6E00")
        if parameters != 0x0400:
            raise Status("6B00")
        self.applet.end()
        self.selected = None
        if data == FRAMEWORK:
            self.selected, self.framework_seen = FRAMEWORK, True
            return self.framework.select() + b"\x90\x00"
        self.framework.wipe()
        if data != APPLET or self.password and not self.framework_seen:
            raise Status("6A82")
        self.selected = APPLET
        return b"\x5C" + bytes([len(self.version_list)]) + self.version_list + b"\x90\x00"


def split(apdu: bytes) -> tuple[int, int, int, int, bytes]:
    """Header and data of a short APDU (2.1)."""
    body = apdu[4:]
    if len(apdu) < 4:
        raise Status("6700")
    if len(body) <= 1:
        data, rest = b"", body
    else:
        data, rest = body[1:1 + body[0]], body[1 + body[0]:]
        if body[0] == 0 or len(data) != body[0]:
            raise Status("6700")
    if rest not in (b"", b"\x00"):
        raise Status("6700")
    if apdu[0] not in (0x00, 0x80, 0x84):
        raise Status("6E00")
    return *apdu[:4], data
