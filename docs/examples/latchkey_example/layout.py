"""Mailboxes, slots, creation data: what both roles know of them (docs/protocol.md 7.6, 10)."""

from .certificates import Endpoint
from .der import moment
from .tlv import Malformed, parse, parse_map, tlv

SIGNALING, SLOT_BITMAP, SLOT_LIST, OEM, RECEIPT, PACKAGE, END = 0x0000, 0x0001, 0x0002, 0x0012, 0x0040, 0x0100, 0x0400
PRIVATE_SIZE, CONFIDENTIAL_SIZE, TOKEN_SIZE = 0x0400, 0x0080, 0x10
REFILL, HAS_PACKAGE, HAS_RECEIPT, FOR_CAR, FOR_PHONE, TERMINATION = (1 << bit for bit in range(6))

# Option groups 1 and 2 (7.6).
FAST, EXCHANGE_AFTER_FAST, EXCHANGE_AFTER_STANDARD, CONTACTLESS = 0x01, 0x02, 0x04, 0x08
AUTHENTICATE_FAST, AUTHENTICATE_DRIVE, RETURN_SIGNALING = 0x20, 0x40, 0x80
MAY_SHARE, NEEDS_TOKEN, NEEDS_RECEIPT, RANGING = 0x01, 0x02, 0x04, 0x08

MAPPING = b"".join(tlv(tag, value.to_bytes(size, "big")) for tag, value, size in (
    (0x80, SIGNALING, 2), (0x81, SLOT_BITMAP, 2), (0x82, SLOT_LIST, 2), (0x83, 2, 1), (0x84, OEM, 2),
    (0x85, RECEIPT, 2), (0x86, PACKAGE, 2), (0x87, END, 2), (0x88, TOKEN_SIZE, 1)))

FRAMEWORK = bytes.fromhex("A000000809434343444B467631")
APPLET = bytes.fromhex("A000000809434343444B417631")


def select(application: bytes) -> bytes:
    return b"\x00\xA4\x04\x00" + bytes([len(application)]) + application + b"\x00"


def apdu(cla: int, ins: int, p1: int = 0, p2: int = 0, data: bytes = b"", le: bool = True) -> bytes:
    return bytes([cla, ins, p1, p2]) + (bytes([len(data)]) if data else b"") + data + (b"\x00" if le else b"")


def versions(data: bytes) -> list[bytes]:
    """A list of two-byte versions, or slot ids."""
    if not data or len(data) % 2:
        raise Malformed("version list")
    return [data[at:at + 2] for at in range(0, len(data), 2)]


def creation_data(endpoint: Endpoint, not_before: str, not_after: str) -> bytes:
    """Value of 7F4A (7.6)."""
    return (tlv(0x4D, endpoint.vehicle_id) + tlv(0x5C, endpoint.version) + tlv(0x80, endpoint.options[:1])
            + tlv(0x81, endpoint.options[1:]) + tlv(0x82, endpoint.slot) + tlv(0x83, not_before.encode())
            + tlv(0x84, not_after.encode()) + tlv(0x85, endpoint.confidential_size.to_bytes(2, "big"))
            + tlv(0x88, endpoint.private_size.to_bytes(2, "big"))
            + b"".join(tlv(0x89, key) for key in endpoint.authorized)
            + (tlv(0x8A, endpoint.account_hash) if endpoint.account_hash else b"") + tlv(0x8B, endpoint.vehicle_public))


def parse_creation_data(value: bytes) -> tuple[Endpoint, str, str]:
    authorized = [v for tag, v in parse(value) if tag == 0x89]
    fields = parse_map(b"".join(tlv(tag, v) for tag, v in parse(value) if tag != 0x89))
    sizes = {0x4D: 8, 0x5C: 2, 0x80: 1, 0x81: 1, 0x82: 2, 0x83: 15, 0x84: 15, 0x85: 2, 0x88: 2, 0x8B: 65}
    if any(len(fields.get(tag, b"")) != size for tag, size in sizes.items()) or \
            not 1 <= len(authorized) <= 5 or {len(key) for key in authorized} != {65}:
        raise Malformed("7F4A: field")
    confidential, private = (int.from_bytes(fields[tag], "big") for tag in (0x85, 0x88))
    not_before, not_after = fields[0x83].decode(), fields[0x84].decode()
    moment(not_before), moment(not_after)
    if not fields[0x80][0] & CONTACTLESS or max(confidential, private) > 2048 or len(fields.get(0x8A, bytes(32))) != 32:
        raise Malformed("7F4A: range")
    endpoint = Endpoint(fields[0x4D], fields[0x80] + fields[0x81], fields[0x5C], fields[0x8B], fields[0x82],
                        authorized, confidential, private, fields.get(0x8A))
    return endpoint, not_before, not_after
