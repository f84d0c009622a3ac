#!/usr/bin/python3
"""Holds a phone against docs/protocol.md: what it answers to a car that does everything wrong.

    conformance_phone.py FOLDER        FOLDER of a car of car.py that has paired the phone; waits at --port

Prints what differs. The mailboxes are left as they were, but for the bytes 03F0-03FF.
"""

import argparse
import pathlib
import secrets

from car import load, save
from latchkey_example import crypto, keys
from latchkey_example.crypto import ORDER, PrivateKey
from latchkey_example.driver import Driver
from latchkey_example.exchange import atomic, confidential, fill, read, write
from latchkey_example.layout import apdu
from latchkey_example.tlv import parse, tlv
from latchkey_example.vpcd import OFF, ON, Reader, send

SELECT = "00A404000DA000000809434343444B41763100"
POINT = PrivateKey().public
NOTE = tlv(0xAE, b"x")
FREE = 0x3F0         # bytes of the private mailbox that no field of 10.2 needs when there is no package

UNSELECTED = [       # 2.1, 3.1
    ("INS without application", "80800000", "6985"), ("three bytes", "00A404", "6700"),
    ("Lc too long", "00A4040005A0", "6700"), ("extended length", "00A404000000010000", "6700"),
    ("Le 01", SELECT[:-2] + "01", "6700"), ("shape before class", "01FF00000201", "6700"),
    ("class 01", "0180000000", "6E00"), ("SELECT with class 80", "80" + SELECT[2:], "6E00"),
    ("SELECT P1 00", "00A400" + SELECT[6:], "6B00"), ("SELECT P2 0C", "00A4040C" + SELECT[8:], "6B00"),
    ("other AID", "00A404000CA000000809434343444B417600", "6A82"), ("no AID", "00A40400", "6A82"),
]
SELECTED = [         # 2.1, 4.2, 4.3, 4.5
    ("unknown INS", "80FF0000", "6D00"), ("INS of the framework", "80300000", "6D00"),
    ("AUTH0 class 84", "84800000", "6E00"), ("EXCHANGE class 80", "80C90000", "6E00"),
    ("AUTH0 P1 02", "80800200", "6B00"), ("AUTH0 P2 05", "80800005", "6B00"), ("AUTH0 P2 07", "80800007", "6B00"),
    ("fast drive", "80800103", "6B00"), ("fast phase 3", "80800104", "6B00"), ("AUTH1 P2 01", "80810001", "6B00"),
    ("EXCHANGE P1 01", "84C90100", "6B00"), ("CONTROL FLOW P1 02", "803C0200", "6B00"),
    ("CONTROL FLOW with data", "803C01000101", "6700"), ("CONTROL FLOW any hint", "803C00FF", "9000"),
    ("CONTROL FLOW 40", "803C40A0", "9000"), ("AUTH1 before AUTH0", "80810000429E40" + "11" * 64, "6985"),
    ("EXCHANGE before AUTH0", "84C9000008" + "00" * 8, "6985"), ("AUTH0 without data", "80800000", "6A80"),
]
AUTH0 = [            # 2.2, 2.3, 8.2
    *((f"without {tag[1:]}", {tag: None}, "6A80") for tag in ("t5C", "t87", "t4C", "t4D")),
    ("unknown version", {"t5C": b"\x03\x00"}, "6A80"), ("two versions", {"t5C": b"\x02\x00\x01\x00"}, "6A80"),
    ("point off the curve", {"t87": POINT[:-1] + bytes([POINT[-1] ^ 1])}, "6A80"),
    ("compressed point", {"t87": b"\x02" + POINT[1:33]}, "6A80"), ("infinity", {"t87": b"\x00"}, "6A80"),
    ("hybrid point", {"t87": b"\x06" + POINT[1:]}, "6A80"), ("x too large", {"t87": b"\x04" + b"\xFF" * 64}, "6A80"),
    ("short transaction id", {"t4C": bytes(15)}, "6A80"), ("long vehicle id", {"t4D": bytes(16)}, "6A80"),
    ("unknown tags", {"tC5": b"\x01", "t5F21": b""}, "9000"),
]
EXCHANGE = [         # 9.1, 9.2; plain, status
    (read(0, 1), "0000"), (read(0, 233), "0000"), (read(0, 234), "0001"), (read(0, 0), "0002"),
    (read(0x3FF, 1), "0000"), (read(0x3FF, 2), "0001"), (read(0xFFFF, 0xFFFF), "0001"), (write(0, b""), "0002"),
    (fill(FREE, 0), "0002"), (fill(0x3FF, 2), "0001"), (tlv(0x87, bytes(3)), "0002"), (tlv(0x95, bytes(4)), "0002"),
    (b"", "0002"), (tlv(0xC5, b"x"), "0002"), (b"\x87", "0002"), (read(0, 1) + b"\x00", "0002"),
    (b"\x87\x81\x04\x00\x00\x00\x01", "0002"), (read(0, 1) + atomic(False), "0002"), (atomic(False) * 2, "0002"),
    (tlv(0x8C, b"\x02"), "0002"), (atomic(False), "0000"), (NOTE, "0000"), (NOTE * 2, "0002"), (tlv(0xAE), "0002"),
    (tlv(0xAE, bytes(17)), "0002"), (NOTE + atomic(False), "0002"), (tlv(0xBA, atomic(False)), "0002"),
    (confidential(read(0, 128)), "0000"), (confidential(read(0, 129)), "0001"), (confidential(NOTE), "0002"),
    (read(0, 1) + confidential(read(0, 16)) + tlv(0xBA, read(1, 1)), "0000"), (read(0x400, 1) + read(0, 0), "0001"),
    (read(0, 0) + read(0x400, 1), "0002"), (read(0x400, 1) + tlv(0xC5), "0002"), (read(0, 234) + read(0, 0), "0002"),
]


def apdus(d: Driver):
    for name, command, wanted in UNSELECTED:
        yield f"2.1 {name}", d.send(command), wanted
    yield "3.2 SELECT", d.select(), "9000"
    for name, command, wanted in SELECTED:
        yield f"4 {name}", d.send(command), wanted
    for name, changes, wanted in AUTH0:
        yield f"8.2 AUTH0 {name}", d.auth0(0, **changes), wanted
    reverse = b"".join(tlv(*field) for field in reversed(parse(d.fields())))
    yield "2.2 AUTH0 in another order", d.send(apdu(0x80, 0x80, 0, 1, reverse)), "9000"
    for name, tail in (("repeated tag", tlv(0x5C, b"\x02\x00")), ("tag 00", b"\x00\x00"), ("cut", b"\xC5"),
                       ("length not minimal", b"\xC5\x81\x01\x00")):
        yield f"2.2 AUTH0 with {name}", d.send(apdu(0x80, 0x80, 0, 1, d.fields() + tail)), "6A80"


def transactions(d: Driver):
    for data in (b"", b"\x9D\x40" + bytes(64), b"\x9E\x3F" + bytes(63), b"\x9E\x40" + bytes(64) + b"\xC5\x00"):
        d.auth0(0)
        yield "8.2 AUTH1 data", d.send(apdu(0x80, 0x81, data=data)), "6A80"
    for name, signature in (("zeros", bytes(64)), ("r = n", ORDER.to_bytes(32, "big") + bytes(31) + b"\x01"),
                            ("random", secrets.token_bytes(64))):
        d.auth0(0)
        yield f"8.7 AUTH1 signature {name}", d.auth1(signature), "6982"
        yield "8.6 AUTH1 again", d.auth1(), "6985"
    d.auth0(0)
    yield "8.3 usage of the phone", d.auth1(d.car.vehicle.sign(d.context.signature_input(keys.ENDPOINT))), "6982"
    d.auth0(0)
    signature = d.car.vehicle.sign(d.context.signature_input(keys.VEHICLE))
    other = (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    yield "2.3 the other s", d.auth1(signature[:32] + other), "9000"
    crypto.verify(d.car.key(dict(d.identity)[0x4E]).public, d.context.signature_input(keys.ENDPOINT),
                  dict(d.identity)[0x9E])
    yield "8.2 AUTH1 answer", [tag for tag, _ in d.identity], [0x4E, 0x9E, 0x4B]
    yield "8.2 AUTH1 twice", d.auth1(), "6985"

    d.auth0(1)
    yield "8.5 cryptogram", d.matches() is not None, True
    yield "8.6 fast EXCHANGE", d.exchange(read(0, 1)), "0000"
    yield "9.1 confidential after fast", d.exchange(confidential(read(0, 1))), "0003"
    yield "8.6 AUTH1 after it", d.auth1(), "6985"
    d.auth0(1)
    yield "8.10 fast missed, standard", d.auth1(), "9000"
    d.auth0(0)
    yield "8.6 EXCHANGE after standard AUTH0", d.exchange(read(0, 1)), "6985"

    for stranger in ({"t4D": secrets.token_bytes(8)}, {"t5C": b"\x01\x00"}):
        for p1 in (0, 1):
            d.auth0(p1)
            size = len(d.answer)
            d.auth0(p1, **stranger)
            yield "3.4 same length for strangers", len(d.answer), size
            yield "3.4 no cryptogram for strangers", d.matches(), None
            yield "3.4 AUTH1 of strangers", d.auth1(), "6982"
        d.auth0(1, **stranger)
        yield "3.4 EXCHANGE of strangers", d.exchange(read(0, 1)), "6988"
        yield "3.4 AUTH1 after it", d.auth1(), "6985"


def sessions(d: Driver):
    for name, change in (("bit", lambda c: bytes([c[0] ^ 1]) + c[1:]),
                         ("MAC bit", lambda c: c[:-1] + bytes([c[-1] ^ 1])), ("7 bytes", lambda c: c[-7:]),
                         ("15 bytes of cipher", lambda c: c[1:])):
        d.begin()
        yield f"6 EXCHANGE {name}", d.send(apdu(0x84, 0xC9, data=change(d.channel.seal_command(read(0, 1))))), "6988"
        yield "6.3 wiped", d.exchange(read(0, 1)), "6985"
    d.begin()
    command = d.sealed(read(0, 1))
    yield "6 replay", (d.send(command), d.send(command)), ("9000", "6988")
    d.begin()
    yield "6.2 255 pairs", {d.exchange(read(0, 1)) for _ in range(255)}, {"0000"}
    yield "6.2 one more", d.send(apdu(0x84, 0xC9, data=bytes(24))), "6985"
    for plain, wanted in EXCHANGE:
        d.begin()
        yield f"9 EXCHANGE {plain.hex()}", d.exchange(plain), wanted

    d.begin()
    d.exchange(write(FREE, b"old!"))
    for name, leave in (("CONTROL FLOW", lambda: d.send("803C0100")), ("AUTH0", lambda: None), ("SELECT", d.select),
                        ("field", lambda: (send(d.link.phone, OFF), send(d.link.phone, ON), d.select()))):
        d.begin()
        d.exchange(atomic(True) + write(FREE, b"new!"))
        leave()
        d.begin()
        yield f"9.3 {name} drops a session", (d.exchange(read(FREE, 4)), d.parts), ("0000", [b"old!"])
    yield "9.3 reads see what was", (d.exchange(write(FREE, b"new!") + read(FREE, 4)), d.parts), ("0000", [b"old!"])
    yield "9.3 all or nothing", d.exchange(write(FREE, b"bad!") + read(0x400, 1)), "0001"
    yield "9.3 open", d.exchange(atomic(True) + write(FREE, b"bad!")), "0000"
    yield "9.1 malformed comes before", d.exchange(tlv(0xC5)), "0002"
    yield "9.3 which dropped it", (d.exchange(read(FREE, 4)), d.parts), ("0000", [b"new!"])
    d.exchange(atomic(True) + write(FREE, b"bad!"))
    yield "9.3 without 8C", d.exchange(read(0x400, 1)), "0004"
    d.exchange(atomic(True) + write(FREE, b"1234"))
    d.exchange(atomic(False) + write(FREE + 1, b"x"))
    yield "9.3 in order", (d.exchange(read(FREE, 4)), d.parts), ("0000", [b"1x34"])
    d.exchange(fill(FREE, 16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=31500, help="0 takes a free one and prints it")
    options = parser.parse_args()
    car, reader = load(options.folder), Reader(options.port)
    print(f"waiting for a phone at port {reader.port}", flush=True)
    reader.wait_for_phone()
    driver, checks, failures = Driver(car, reader), 0, 0
    for part in (apdus, transactions, sessions):
        for name, found, wanted in part(driver):
            checks += 1
            if found != wanted:
                failures += 1
                print(f"{name}: {found}, not {wanted}", flush=True)
    driver.send("803C0100")
    save(options.folder, car)
    print(f"{checks} checks, {failures} differ")
    reader.release()
    raise SystemExit(failures > 0)


if __name__ == "__main__":
    main()
