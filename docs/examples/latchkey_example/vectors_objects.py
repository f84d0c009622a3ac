"""What check_vectors.py does with each file of vectors (docs/protocol.md 21): certificates, objects, containers."""

import base64

from . import certificates, crypto, keys, objects, sharing
from .containers import ecies_open, ecies_seal, export_token, import_token, polling_crc
from .layout import creation_data, parse_creation_data
from .vectors import b, key, same


def check_token(case, _):
    i, o = case["inputs"], case["outputs"]
    if "K_immo" in i:
        same(keys.immobilizer_token(b(i["K_immo"]), b(i["slotId"]), b(i["vehicleId"])), o["token"])
        return
    encryption = key(i["encryptionSK"])
    sealed = export_token(b(i["token"]), encryption.public, b(i["slotId"]), b(i["vehicleId"]), key(i["ephemeralSK"]))
    same(sealed, o["encToken"])
    same(import_token(sealed, encryption, b(i["slotId"]), b(i["vehicleId"])), i["token"])


def refuse_token(negative, _):
    i = negative["input"]
    import_token(b(i["encToken"]), key(i["encryptionSK"]), b(i["slotId"]), b(i["vehicleId"]))


def check_ecies(case, _):
    i, o = case["inputs"], case["outputs"]
    recipient = key(i["recipientSK"])
    assert ecies_seal(b(i["plaintext"]), recipient.public, key(i["ephemeralSK"])) == o["container"]
    same(ecies_open(o["container"], recipient), i["plaintext"])


def refuse_ecies(negative, _):
    ecies_open(negative["input"]["container"], key(negative["input"]["recipientSK"]))


def check_relay(case, _):
    i, m, o = case["inputs"], case["intermediate"], case["outputs"]
    sealed = b(i["iv"]) + crypto.gcm(b(i["secret"]), b(i["iv"]))[0](m["clearText"].encode())
    same(base64.b64encode(sealed).decode(), o["payload"]["data"])
    same(base64.b64encode(b(i["secret"])).decode(), o["fragment"])


def check_ecp(case, _):
    body = case["inputs"].get("body") or case["outputs"]["frame"][:-4]
    same(polling_crc(b(body)), case["outputs"]["crc"])


def check_certificate(case, _):
    i, o = case["inputs"], case["outputs"]
    if "H" in i:
        leaf, endpoint = certificates.endpoint_chain(b(i["F"]), b(i["E"]), b(i["H"]), b(i["jPK"]), i["now"])
        same(leaf.public, o["devicePK"]), same(endpoint.encoded(), case["intermediate"]["endpointExtension"])
        same(leaf.not_before, o["notBefore"]), same(leaf.not_after, o["notAfter"])
    elif "K" in i:
        anchor, name = cross(i["M"], i["dPK"], i["now"]) if i.get("M") else (b(i["jPK"]), None)
        leaf = certificates.vehicle_certificate(b(i["K"]), b(i.get("intermediate", "")), anchor, i["now"], name)
        same(leaf.public, o["vehiclePK"]), same(leaf.name.lower(), o["vehicleId"])
    else:
        endpoint, not_before, not_after = parse_creation_data(b(o["value"]))
        same(creation_data(endpoint, not_before, not_after), o["value"])
        same(endpoint.vehicle_public, i["vehiclePK"]), same(endpoint.slot, i["slot"])


def cross(m, d_public, now) -> tuple[bytes, str]:
    """Key and name of J, as the device maker certified them."""
    certificate = certificates.Certificate(b(m), certificates.CROSS, ca=True)
    certificate.check_issuer(b(d_public), None, now)
    return certificate.public, certificate.name


def refuse_certificate(negative, _):
    i = negative["input"]
    if "H" in i:
        certificates.endpoint_chain(b(i["F"]), b(i["E"]), b(i["H"]), b(i["jPK"]), i["now"])
    elif "K" in i:
        anchor, name = cross(i["M"], i["anchorPK"], i["now"])
        certificates.vehicle_certificate(b(i["K"]), b(i["intermediate"]), anchor, i["now"], name)
    else:
        parse_creation_data(b(i["value"]))


def check_attestation(case, _):
    i, o = case["inputs"], case["outputs"]
    if case["name"].startswith("KeyConfig"):
        config = objects.KeyConfig(i["profile"], i["notBefore"], i.get("notAfter"), i.get("maxSpeedKmh"),
                                   [tuple(window) for window in i.get("weekly", [])])
        same(config.encoded(), o["der"])
        assert objects.KeyConfig.decode(b(o["der"])) == config
    elif case["name"].startswith("Attestation"):
        owner, friend, nonce = key(i["ownerSK"]), key(i["friendSK"]), b(i["nonce"])
        tag = keys.activation_tag(b(i["LTSS"]), i["code"], nonce) if "code" in i else None
        a = objects.Attestation(b(i["vehicleId"]), owner.key_id, friend.public, b(i["slotId"]),
                                b(i["protocolVersion"]), objects.KeyConfig.decode(b(i["keyConfig"])),
                                i["issuedAt"], nonce, tag)
        same(a.signed(owner), o["der"])
        assert objects.Attestation.decode(b(o["der"]), owner.public) == a
    elif case["name"].startswith("KtsReceipt"):
        same(objects.receipt(b(i["vehicleId"]), b(i["keyId"]), b(i["slotId"]), i["time"], key(i["ktsSK"])), o["der"])
    elif case["name"].startswith("VehicleStatement"):
        same(objects.statement(b(i["vehicleId"]), b(i["keyId"]), b(i["slotId"]), i["time"], key(i["vehicleSK"])),
             o["der"])
    elif case["name"].startswith("Termination"):
        same(objects.termination(b(i["vehicleId"]), key(i["friendSK"]), b(i["slotId"]), i["time"], i["reason"],
                                 b(i["oemData"])), o["der"])
    elif case["name"].startswith("encSig"):
        proof = objects.encryption_proof(b(i["vehicleId"]), b(i["slotId"]), b(i["encryptionPK"]))
        same(key(i["friendSK"]).sign(proof), o["encSig"])
    elif case["name"].startswith("KeyCreationRequest"):
        same(sharing.KeyCreationRequest.decode(b(o["der"])).encoded(), o["der"])
    elif case["name"].startswith("KeySigningRequest"):
        chain = [b(i[letter]) for letter in "FEH"]
        same(sharing.key_signing_request(chain, b(i["encryptionPK"]), b(i["encSig"])), o["der"])
    elif case["name"].startswith("ImportRequest"):
        attestation, token = sharing.decode_import(b(o["der"]))
        same(attestation, i["attestation"]), same(token or b"", i.get("encToken", ""))
    else:
        return "skipped"


def refuse_attestation(negative, _):
    i = negative["input"]
    if i["object"] == "Attestation":
        objects.Attestation.decode(b(i["der"]), b(i["ownerPK"]))
    elif i["object"] == "KeyConfig":
        objects.KeyConfig.decode(b(i["der"]))
    elif i["object"] == "KeyCreationRequest":
        sharing.KeyCreationRequest.decode(b(i["der"]))
    elif i["object"] == "ImportRequest":
        sharing.decode_import(b(i["der"]))
    else:
        return "skipped"
