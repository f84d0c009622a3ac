"""TLV coding (docs/protocol.md 2.2)."""


class Malformed(ValueError):
    """Bytes that are no TLV stream, or lack or repeat a tag."""


def length(n: int) -> bytes:
    """The shortest of `00`-`7F`, `81 xx`, `82 xxxx`; also the length of DER (12.2)."""
    if n < 0x80:
        return bytes([n])
    return b"\x81" + bytes([n]) if n < 0x100 else b"\x82" + n.to_bytes(2, "big")


def tlv(tag: int, value: bytes = b"") -> bytes:
    """One object; tags above FF take two bytes."""
    return tag.to_bytes(2 if tag > 0xFF else 1, "big") + length(len(value)) + value


def take(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag and value of the first object, and what follows it."""
    try:
        tag, at = data[0], 1
        if tag in (0x00, 0xFF):
            raise Malformed("tag 00 or FF")
        if tag & 0x1F == 0x1F:
            tag, at = tag << 8 | data[1], 2
            if not 0x1F <= data[1] <= 0x7F:
                raise Malformed("second tag byte")
        first, at = data[at], at + 1
        octets = {0x81: 1, 0x82: 2}.get(first, 0)
        size = int.from_bytes(data[at:at + octets], "big") if octets else first
        at += octets
    except IndexError:
        raise Malformed("truncated") from None
    if octets == 0 and first >= 0x80 or octets and size < (0x80 if octets == 1 else 0x100) or at + size > len(data):
        raise Malformed("length")
    return tag, data[at:at + size], data[at + size:]


def parse(data: bytes) -> list[tuple[int, bytes]]:
    """All objects, in order, repeated tags included."""
    objects = []
    while data:
        tag, value, data = take(data)
        objects.append((tag, value))
    return objects


def parse_map(data: bytes) -> dict[int, bytes]:
    """Objects by tag, for messages in which order does not matter and a repeated tag is an error."""
    objects = parse(data)
    result = dict(objects)
    if len(result) != len(objects):
        raise Malformed("repeated tag")
    return result
