"""The strict DER of signed objects (docs/protocol.md 2.3, 12)."""

import datetime
import re

from .tlv import length

SEQUENCE, INTEGER, OCTETS, ENUMERATED, TIME, BITS = 0x30, 0x02, 0x04, 0x0A, 0x18, 0x03


class BadDER(ValueError):
    """Shape, range, order, trailing bytes or an unknown field."""


def node(tag: int, value: bytes) -> bytes:
    return bytes([tag]) + length(len(value)) + value


def sequence(*parts: bytes) -> bytes:
    return node(SEQUENCE, b"".join(parts))


def octets(value: bytes) -> bytes:
    return node(OCTETS, value)


def integer(value: int, tag: int = INTEGER) -> bytes:
    return node(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def enumerated(value: int) -> bytes:
    return integer(value, ENUMERATED)


def time(value: str, tag: int = TIME) -> bytes:
    return node(tag, value.encode())


def moment(text: str) -> datetime.datetime:
    """What `YYYYMMDDHHMMSSZ` says."""
    if not re.fullmatch("[0-9]{14}Z", text):
        raise BadDER("time")
    try:
        return datetime.datetime(int(text[:4]), *(int(text[at:at + 2]) for at in range(4, 14, 2)))
    except ValueError:
        raise BadDER("no such time") from None


class Reader:
    """Reads fields in order; whoever is done calls `end()`."""

    def __init__(self, data: bytes):
        self.data = data

    def peek(self) -> int:
        return self.data[0] if self.data else -1

    def raw(self, tag: int) -> bytes:
        """The next object with its header."""
        whole = self.data
        self.octets(tag=tag)
        return whole[:len(whole) - len(self.data)]

    def octets(self, size=None, tag: int = OCTETS) -> bytes:
        """The value of the next object; `size` is a number of bytes or a range."""
        data = self.data
        if len(data) < 2 or data[0] != tag:
            raise BadDER(f"tag {tag:02x} wanted")
        octets = {0x81: 1, 0x82: 2}.get(data[1], 0)
        n = int.from_bytes(data[2:2 + octets], "big") if octets else data[1]
        start = 2 + octets
        if data[:start] != bytes([tag]) + length(n)[:start] or start + n > len(data):
            raise BadDER("length")
        if size is not None and n not in ([size] if isinstance(size, int) else size):
            raise BadDER(f"size of {tag:02x}")
        self.data = data[start + n:]
        return data[start:start + n]

    def inside(self, tag: int = SEQUENCE) -> "Reader":
        return Reader(self.octets(tag=tag))

    def integer(self, allowed=None, tag: int = INTEGER) -> int:
        value = self.octets(range(1, 6), tag)
        number = int.from_bytes(value, "big")
        if value[0] & 0x80 or len(value) > 1 and value[0] == 0 and not value[1] & 0x80:
            raise BadDER("integer")
        if allowed is not None and number not in allowed:
            raise BadDER("range")
        return number

    def enumerated(self, allowed) -> int:
        return self.integer(allowed, ENUMERATED)

    def time(self, tag: int = TIME) -> str:
        text = self.octets(15, tag).decode("latin-1")
        moment(text)
        return text

    def optional(self, tag: int, read):
        """`read()` if the next tag is `tag`, else None."""
        return read() if self.peek() == tag else None

    def end(self) -> None:
        if self.data:
            raise BadDER("trailing bytes")
