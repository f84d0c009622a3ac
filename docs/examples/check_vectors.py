#!/usr/bin/python3
"""Runs test vectors (docs/protocol.md 21) against latchkey_example.

    check_vectors.py [FOLDER]      else the folder LATCHKEY_VECTORS names, else Tests/Vectors

Exits 1 when one of them does not fit.
"""

import json
import os
import pathlib
import sys

from latchkey_example import vectors as v
from latchkey_example import vectors_objects as o

# File: how to run a case, how to run a refusal; both take the file's cases too.
FILES = {
    "tlv": (v.check_tlv, v.refuse_tlv),
    "spake2plus-ccc": (v.check_spake, v.refuse_spake),
    "system-keys": (v.check_system_keys, None),
    "secure-channel": (v.check_channel, v.refuse_channel),
    "standard-0200": (v.check_standard, v.refuse_standard),
    "standard-0100": (v.check_standard, v.refuse_standard),
    "fast-0200": (v.check_fast, v.refuse_fast),
    "fast-0100": (v.check_fast, v.refuse_fast),
    "exchange": (v.check_exchange, v.refuse_exchange),
    "token-export": (o.check_token, o.refuse_token),
    "ecies-v1": (o.check_ecies, o.refuse_ecies),
    "relay-payload": (o.check_relay, None),
    "ecp-frames": (o.check_ecp, None),
    "certificates": (o.check_certificate, o.refuse_certificate),
    "attestation": (o.check_attestation, o.refuse_attestation),
}


def run(folder: pathlib.Path) -> int:
    """Number of vectors that do not fit."""
    failures = 0
    for name, (check, refuse) in FILES.items():
        file = json.loads((folder / f"{name}.json").read_text())
        outcomes = [outcome(check, case, file["cases"]) for case in file["cases"]]
        outcomes += [outcome(refuse, one, file["cases"], refused=True) for one in file["negative"] if refuse]
        wrong = [text for text in outcomes if text not in ("ok", "skipped")]
        failures += len(wrong)
        print(f"{name:16} {outcomes.count('ok'):3} ok {outcomes.count('skipped'):3} skipped", *wrong, sep="\n    ")
    return failures


def outcome(function, case, cases, refused=False) -> str:
    try:
        result = function(case, cases)
    except Exception as error:
        if refused and not isinstance(error, AssertionError):
            return "ok"
        return f"{case['name']}: {type(error).__name__} {error}"
    if result == "skipped" or not refused:
        return result or "ok"
    return f"{case['name']}: accepted"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    own = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors"
    sys.exit(run(pathlib.Path((sys.argv[1:] or [os.environ.get("LATCHKEY_VECTORS") or own])[0])) > 0)
