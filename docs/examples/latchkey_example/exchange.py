"""EXCHANGE: reading and writing mailboxes (docs/protocol.md 9)."""

from dataclasses import dataclass, field

from .tlv import Malformed, take, tlv

OK, OUT_OF_RANGE, MALFORMED, NOT_PERMITTED, ATOMIC_BROKEN = range(5)
READ, WRITE, SET, MORE, NOTIFY, PRIVATE, CONFIDENTIAL = 0x87, 0x8A, 0x95, 0x8C, 0xAE, 0xBA, 0xB9


# The car's commands.

def read(offset: int, size: int) -> bytes:
    return tlv(READ, _word(offset) + _word(size))


def write(offset: int, data: bytes) -> bytes:
    return tlv(WRITE, _word(offset) + data)


def fill(offset: int, size: int, byte: int = 0) -> bytes:
    return tlv(SET, _word(offset) + _word(size) + bytes([byte]))


def confidential(*operations: bytes) -> bytes:
    return tlv(CONFIDENTIAL, b"".join(operations))


def atomic(more: bool) -> bytes:
    return tlv(MORE, bytes([more]))


def answer(plain: bytes) -> tuple[int, list[bytes]]:
    """Status and data of an answer (9.2); ValueError if it is none."""
    data, parts = plain, []
    while len(data) > 4:
        size = int.from_bytes(data[:2], "big")
        parts.append(data[2:2 + size])
        if len(parts[-1]) != size:
            raise ValueError("EXCHANGE answer cut")
        data = data[2 + size:]
    if len(data) != 4 or data[:2] != b"\x00\x02":
        raise ValueError("EXCHANGE answer without status")
    return int.from_bytes(data[2:], "big"), parts


def _word(value: int) -> bytes:
    return value.to_bytes(2, "big")


# The phone's side.

class _Status(Exception):
    pass


@dataclass
class Mailboxes:
    """Both memories of one key; changes appear all at once (9.3)."""
    private: bytes
    confidential: bytes
    notifications: list[bytes] = field(default_factory=list)
    _journal: list | None = None

    def drop_session(self) -> None:
        """CONTROL FLOW, AUTH0, SELECT, loss of field."""
        self._journal = None

    def execute(self, plain: bytes, after_fast: bool) -> bytes:
        """The answer to one decrypted EXCHANGE."""
        try:
            more, notes, operations = self._top_level(plain, after_fast)
            if self._journal is not None and more is None:
                raise _Status(ATOMIC_BROKEN)
            writes, reads = [], b""
            for memory, stream in operations:
                for tag, value in _objects(stream):
                    reads += self._operation(memory, tag, value, writes)
            if len(reads) + 4 > 239:
                raise _Status(OUT_OF_RANGE)
        except _Status as status:
            self._journal = None
            return b"\x00\x02" + _word(status.args[0])
        journal = (self._journal or []) + writes + [("note", note, b"") for note in notes]
        self._journal = journal if more else None
        if not more:
            self._commit(journal)
        return reads + b"\x00\x02" + _word(OK)

    def _top_level(self, plain: bytes, after_fast: bool):
        """Splits into more (8C), notes (AE) and streams of operations, in the order of the text (9.1)."""
        more, notes, operations = None, [], []
        if not plain:
            raise _Status(MALFORMED)
        for index, (tag, value) in enumerate(_objects(plain)):
            if tag == MORE and index == 0 and value in (b"\x00", b"\x01"):
                more = value == b"\x01"
            elif tag == NOTIFY and not notes and 1 <= len(value) <= 16:
                notes.append(value)
            elif tag == CONFIDENTIAL and after_fast:
                raise _Status(NOT_PERMITTED)
            elif tag in (PRIVATE, CONFIDENTIAL):
                operations.append((tag, value))
            elif tag in (READ, WRITE, SET):
                operations.append((PRIVATE, tlv(tag, value)))
            else:
                raise _Status(MALFORMED)
        return more, notes, operations

    def _operation(self, memory: int, tag: int, value: bytes, writes: list) -> bytes:
        well_formed = {READ: len(value) == 4, WRITE: len(value) >= 3, SET: len(value) == 5}.get(tag, False)
        offset, size = int.from_bytes(value[:2], "big"), int.from_bytes(value[2:4], "big")
        if not well_formed or tag != WRITE and size == 0:
            raise _Status(MALFORMED)
        size = len(value) - 2 if tag == WRITE else size
        content = self.private if memory == PRIVATE else self.confidential
        if offset + size > len(content):
            raise _Status(OUT_OF_RANGE)
        if tag == READ:
            return _word(size) + content[offset:offset + size]
        writes.append((memory, offset, value[2:] if tag == WRITE else value[4:] * size))
        return b""

    def _commit(self, journal: list) -> None:
        for memory, offset, data in journal:
            if memory == "note":
                self.notifications.append(offset)
            elif memory == PRIVATE:
                self.private = self.private[:offset] + data + self.private[offset + len(data):]
            else:
                self.confidential = self.confidential[:offset] + data + self.confidential[offset + len(data):]


def _objects(data: bytes):
    """One after the other, so that a fault counts only when its turn comes."""
    while data:
        try:
            tag, value, data = take(data)
        except Malformed:
            raise _Status(MALFORMED) from None
        yield tag, value
