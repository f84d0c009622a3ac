"""A car that does one step at a time, right or wrong, for conformance_phone.py (docs/protocol.md 8)."""

import secrets

from . import exchange, keys, tlv
from .car import Car, KeyRecord
from .channel import Channel
from .crypto import PrivateKey
from .keys import Context
from .layout import APPLET, apdu, select


class Driver:
    """Methods answer a status word as text; EXCHANGE the status of 9.2 if it could be read."""

    def __init__(self, car: Car, link):
        self.car, self.link, self.listed = car, link, b""

    def send(self, command: bytes | str) -> str:
        command = bytes.fromhex(command) if isinstance(command, str) else command
        self.answer = self.link.transmit(command)
        return self.answer[-2:].hex().upper()

    def select(self) -> str:
        status = self.send(select(APPLET))
        self.listed = tlv.parse_map(self.answer[:-2])[0x5C]
        return status

    def fields(self, **changes) -> bytes:
        """Data of AUTH0; `t87=None` leaves out 87, `t87=b"…"` replaces it."""
        self.ephemeral, self.transaction = PrivateKey(), secrets.token_bytes(16)
        values = {"5C": b"\x02\x00", "87": self.ephemeral.public, "4C": self.transaction, "4D": self.car.vehicle_id}
        values |= {name[1:].upper(): value for name, value in changes.items()}
        self.version, self.vehicle_id = values["5C"], values["4D"]
        return b"".join(tlv.tlv(int(tag, 16), value) for tag, value in values.items() if value is not None)

    def auth0(self, p1: int, p2: int = 1, **changes) -> str:
        status = self.send(apdu(0x80, 0x80, p1, p2, self.fields(**changes)))
        if status == "9000":
            fields = tlv.parse_map(self.answer[:-2])
            self.cryptogram = fields.get(0x9D)
            self.context = Context(self.vehicle_id, self.transaction, self.version, self.listed, bytes([p1, p2]),
                                   self.ephemeral.public, fields[0x86])
            self.channel = Channel(*3 * [secrets.token_bytes(16)])      # nothing fits until a key is found
        return status

    def matches(self) -> KeyRecord | None:
        """The key whose fast cryptogram came; its keys are then in use."""
        for key in self.car.keys:
            if key.persistent and self.cryptogram:
                cryptogram, session = self.context.fast(key.persistent, self.car.vehicle.public, key.public)
                if cryptogram == self.cryptogram:
                    self.channel = Channel(*keys.split(session))
                    return key
        return None

    def auth1(self, signature: bytes | None = None) -> str:
        signature = signature or self.car.vehicle.sign(self.context.signature_input(keys.VEHICLE))
        status = self.send(apdu(0x80, 0x81, data=tlv.tlv(0x9E, signature)))
        if status == "9000":
            session, persistent = self.context.standard(self.ephemeral, self.context.endpoint_ephemeral)
            self.channel = Channel(*keys.split(session), counter=0)
            self.identity = tlv.parse(self.channel.open_response(self.answer[:-2]))
            self.car.key(dict(self.identity)[0x4E]).persistent = persistent
        return status

    def sealed(self, plain: bytes) -> bytes:
        return apdu(0x84, 0xC9, data=self.channel.seal_command(plain))

    def exchange(self, plain: bytes) -> str:
        status = self.send(self.sealed(plain))
        if status == "9000":
            number, self.parts = exchange.answer(self.channel.open_response(self.answer[:-2]))
            return f"{number:04x}"
        return status

    def begin(self, fast: bool = False) -> None:
        """An open fast or standard session."""
        steps = [self.auth0(int(fast))] + ([] if fast else [self.auth1()])
        if set(steps) != {"9000"} or fast and not self.matches():
            raise SystemExit(f"the phone has no key of this car for a {'fast' if fast else 'standard'} transaction")
