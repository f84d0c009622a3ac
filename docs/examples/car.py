#!/usr/bin/python3
"""A foreign automaker with one car, for trying phones (docs/interop.md 3).

    car.py FOLDER make device-oem.json > automaker.json   the automaker takes in a phone maker, and builds a car
    car.py FOLDER import vehicle.json                     plays a car that latchkey vehicle export wrote
    car.py FOLDER pair [--password 12345678]              owner pairing, phases 2 and 3
    car.py FOLDER unlock | lock | drive | check           a tap
    car.py FOLDER show                                    what the car knows

Pairing and taps wait for one phone at --port.
"""

import argparse
import json
import pathlib
import secrets
import sys

from latchkey_example import bundles, certificates, command, exported, spake, tap
from latchkey_example.car import Abort, Car, KeyRecord, Pairing
from latchkey_example.crypto import G, PrivateKey, encode_point, multiply
from latchkey_example.keys import V0100, V0200
from latchkey_example.tap import Refused, Tap
from latchkey_example.vpcd import FieldLost, Reader

ACTIONS = {"unlock": tap.UNLOCK, "lock": tap.LOCK, "drive": tap.DRIVE, "check": tap.MAINTENANCE}


def make(folder: pathlib.Path, device_oem: dict, intermediate: bool) -> dict:
    """J, [K] and the rest; the bundle for the phone maker."""
    folder.mkdir(parents=True, exist_ok=True)
    root, vehicle, encryption, signature, between = (PrivateKey() for _ in range(5))
    name, vehicle_id = "Example Cars root", secrets.token_hex(8).upper()
    middle = issuer = None
    if intermediate:
        issuer = "Example Cars vehicles"
        middle = certificates.issue(issuer, between.public, name, root, certificates.INTERMEDIATE, ca=True)
    certificate = certificates.issue(vehicle_id, vehicle.public, issuer or name, between if middle else root,
                                     certificates.VEHICLE, ca=False, not_after=certificates.NO_END)
    save(folder, Car(vehicle, root.public, certificate, middle, signature.public))
    bundles.save(folder / "automaker.json", {"root": root, "encryption": encryption, "signature": signature})
    return bundles.automaker_bundle(root, name, encryption, signature, middle, device_oem)


def save(folder: pathlib.Path, car: Car) -> None:
    state = dict(vars(car), slots={slot.hex(): state for slot, state in car.slots.items()})
    bundles.save(folder / "car.json", state)


def load(folder: pathlib.Path) -> Car:
    state = bundles.load(folder / "car.json")
    state["keys"] = [KeyRecord(**key) for key in state["keys"]]
    state["slots"] = {bytes.fromhex(slot): value for slot, value in state["slots"].items()}
    return Car(**state)


def pair(car: Car, reader: Reader, password: str) -> str:
    """Phases 2 and 3; the car gets w0 and L, never the password (5.2)."""
    scrypt = spake.Scrypt(secrets.token_bytes(16))
    w0, w1 = spake.scalars(password, scrypt)
    record = Pairing(car, reader, scrypt, w0, encode_point(multiply(w1, G))).run()
    reader.field_reset()
    Tap(car, reader, tap.PAIR).run()
    return f"owner key in slot {record.slot.hex()}, version {record.version.hex()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("what", choices=["make", "import", "pair", *ACTIONS, "show"])
    parser.add_argument("bundle", nargs="?", type=pathlib.Path, help="device-oem.json, for make; vehicle.json, for import")
    parser.add_argument("--intermediate", action="store_true", help="make: [K] under an intermediate")
    parser.add_argument("--port", type=int, default=31500, help="0 takes a free one and prints it")
    parser.add_argument("--password", default="12345678")
    parser.add_argument("--only", choices=["0200", "0100"], help="the one version this car speaks")
    parser.add_argument("--no-fast", action="store_true", help="always ask for the standard transaction")
    parser.add_argument("--code", help="activation code entered in the car")
    parser.add_argument("--apdus", action="store_true", help="print each command and answer")
    options = parser.parse_intermixed_args()

    if options.what == "make":
        device_oem = json.loads(options.bundle.read_text())
        print(json.dumps(make(options.folder, device_oem, options.intermediate), indent=1))
        return
    if options.what == "import":
        vehicle = json.loads(options.bundle.read_text())
        if vehicle.get("format") != "latchkey-vehicle-1":
            sys.exit(f"error: {options.bundle} is no file that latchkey vehicle export wrote")
        options.folder.mkdir(parents=True, exist_ok=True)
        save(options.folder, exported.car(vehicle))
        return
    car = load(options.folder)
    car.versions = (bytes.fromhex(options.only),) if options.only else (V0200, V0100)
    if options.what == "show":
        print(f"vehicle {car.vehicle_id.hex()}, {car.door}")
        for key in car.keys:
            print(f"  slot {key.slot.hex()} profile {key.profile} {'active' if key.active else 'pending'}"
                  f" until {key.not_after}")
        return

    trace = (lambda command, answer: print(f"> {command.hex()}\n< {answer.hex()}")) if options.apdus else None
    reader = Reader(options.port, trace=trace)
    print(f"waiting for a phone at port {reader.port}", flush=True)
    reader.wait_for_phone()
    try:
        if options.what == "pair":
            print(pair(car, reader, options.password))
        else:
            record, way = Tap(car, reader, ACTIONS[options.what], not options.no_fast, options.code).run()
            print(f"{options.what} by slot {record.slot.hex()}, {way}")
            car.door = {"unlock": "unlocked", "lock": "locked", "drive": "ready to drive"}.get(options.what, car.door)
    except (Abort, Refused, FieldLost) as error:
        sys.exit(f"refused: {error!r}")
    finally:
        save(options.folder, car)
        reader.release()


if __name__ == "__main__":
    command.run(main)
