#!/usr/bin/python3
"""A foreign phone maker with one phone, for trying cars (docs/interop.md 2).

    phone.py FOLDER make > device-oem.json           the phone maker's root, in a bundle for automakers
    phone.py FOLDER import automaker.json            what came back; the phone gets its instance CA
    phone.py FOLDER import phone.json                or: plays a phone that latchkey phone export wrote
    phone.py FOLDER pair HOST:PORT --password …      owner pairing at the dashboard reader
    phone.py FOLDER tap HOST:PORT                    any other tap
    phone.py FOLDER accept LINK --relays relays.json  a shared key; the owner's phone has to sync meanwhile
    phone.py FOLDER show                             the keys of the phone
"""

import argparse
import json
import pathlib
import sys

from latchkey_example import bundles, certificates, command, exported, sharing
from latchkey_example.crypto import PrivateKey
from latchkey_example.exchange import Mailboxes
from latchkey_example.phone import Key, Phone
from latchkey_example.vpcd import serve_phone


def make(folder: pathlib.Path, environment: str) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    root, name = PrivateKey(), "Example Phones root"
    bundles.save(folder / "phone.json", {"root": root, "makers": [], "keys": []})
    certificate = certificates.issue(name, root.public, name, root, None, ca=True)
    return {"environment": environment, "deviceOemId": "phones.example", "root": bundles.pem(certificate)}


def take_in(state: dict, bundle: dict) -> None:
    """[F] has to certify our own key; [E] is made for this automaker."""
    root_public = bundles.name_and_key(bundles.der(bundle["root"]))[1]
    external, instance = bundles.der(bundle["externalCA"]), PrivateKey()
    f = certificates.Certificate(external, certificates.EXTERNAL, ca=True)
    f.check_issuer(root_public, None, None)
    if f.public != state["root"].public:
        sys.exit("externalCA certifies another phone maker")
    extension = bytes.fromhex("3009020101040400000001")
    e = certificates.issue("Example instance CA", instance.public, f.name, state["root"], certificates.INSTANCE,
                           ca=True, extension=extension, path_length=0)
    state["makers"].append({"root": root_public, "F": external, "E": e, "instance": instance})


def accept(phone: Phone, link: str, relays: list, seconds: float) -> None:
    """Takes an invitation (12.3) and waits for the owner's signature."""
    trusted = next(relay["tlsRoot"] for relay in relays if link.startswith(relay["url"]))
    mailbox = sharing.Mailbox(link, trusted)
    request = sharing.KeyCreationRequest.decode(mailbox.wait_for("keyCreationRequest", 1))
    key, encryption, answer = sharing.make_key(phone, request)
    mailbox.write("keySigningRequest", answer)
    print(f"made a key for slot {key.slot.hex()}, waiting for the owner's signature", flush=True)
    sharing.take_import(key, encryption, mailbox.wait_for("importRequest", seconds))
    phone.keep(key)
    mailbox.end()
    print("the key is ready")


def load(folder: pathlib.Path) -> dict:
    state = bundles.load(folder / "phone.json")
    state["keys"] = [Key(**dict(key, mailboxes=Mailboxes(**key["mailboxes"]))) for key in state["keys"]]
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("what", choices=["make", "import", "pair", "tap", "accept", "show"])
    parser.add_argument("where", nargs="?", help="HOST:PORT of the reader, a file to import, or a link")
    parser.add_argument("--environment", default="development")
    parser.add_argument("--password", help="8 digits")
    parser.add_argument("--versions", default="02000100", help="applet versions, highest first")
    parser.add_argument("--unlocked", action="store_true", help="the user has authenticated")
    parser.add_argument("--stay", type=float, default=1.0, help="seconds of silence after which the phone leaves")
    parser.add_argument("--relays", type=pathlib.Path, help="relays to trust: [{url, tlsRoot}]")
    parser.add_argument("--apdus", action="store_true", help="print each command and answer")
    options = parser.parse_intermixed_args()

    if options.what == "make":
        print(json.dumps(make(options.folder, options.environment), indent=1))
        return
    bundle = json.loads(pathlib.Path(options.where).read_text()) if options.what == "import" else {}
    if bundle.get("format", "latchkey-phone-1") != "latchkey-phone-1":
        sys.exit(f"error: {options.where} is no file that latchkey phone export wrote")
    if bundle.get("format"):
        options.folder.mkdir(parents=True, exist_ok=True)
        bundles.save(options.folder / "phone.json", exported.phone(bundle))
        return
    state = load(options.folder)
    if options.what == "import":
        take_in(state, bundle)
    elif options.what == "show":
        for key in state["keys"]:
            boxes = key.mailboxes
            print(f"vehicle {key.vehicle_id.hex()} slot {key.slot.hex()} version {key.version.hex()} {key.state}\n"
                  f"  private {boxes.private[:18].hex()}…\n  confidential {boxes.confidential[:16].hex()}…")
    else:
        phone = Phone(state["makers"], state["keys"], options.password if options.what == "pair" else None,
                      bytes.fromhex(options.versions))
        phone.authenticated = options.unlocked
        if options.what == "accept":
            accept(phone, options.where, json.loads(options.relays.read_text()), max(options.stay, 60))
            bundles.save(options.folder / "phone.json", state)
            return
        trace = (lambda command, answer: print(f"> {command.hex()}\n< {answer.hex()}")) if options.apdus else None
        host, port = options.where.rsplit(":", 1)
        serve_phone(host, int(port), phone, options.stay, trace)
        print(f"the car ended with CONTROL FLOW {phone.applet.outcome}")
    bundles.save(options.folder / "phone.json", state)


if __name__ == "__main__":
    command.run(main)
