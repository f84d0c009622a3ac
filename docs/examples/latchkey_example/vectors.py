"""What check_vectors.py does with each file of vectors (docs/protocol.md 21)."""

import base64

from . import certificates, crypto, exchange, keys, objects, spake, tlv
from .channel import Channel
from .containers import ecies_open, ecies_seal, export_token, import_token, polling_crc


def b(text: str) -> bytes:
    return bytes.fromhex(text)


def key(text: str) -> crypto.PrivateKey:
    return crypto.PrivateKey(int(text, 16))


def same(found, wanted, what="") -> None:
    found = found.hex() if isinstance(found, bytes) else found
    assert found == wanted, f"{what}: {found} instead of {wanted}"


def check_tlv(case, _):
    objects_ = [(int(o["tag"], 16), b(o["value"])) for o in case["inputs"]["objects"]]
    same(b"".join(tlv.tlv(*o) for o in objects_), case["outputs"]["encoded"])
    assert tlv.parse(b(case["outputs"]["encoded"])) == objects_


def refuse_tlv(negative, _):
    (tlv.parse_map if negative["input"].get("asMap") else tlv.parse)(b(negative["input"]["encoded"]))


def check_spake(case, _):
    i, m, o = case["inputs"], case["intermediate"], case["outputs"]
    w0, w1 = spake.scalars(i["password"], spake.Scrypt(b(i["salt"]), i["N"], i["r"], i["p"]))
    same(f"{w0:064x}", m["w0"]), same(f"{w1:064x}", m["w1"])
    x, y = int(i["x"], 16), int(i["y"], 16)
    X, Y = spake.phone_share(x, w0), spake.car_share(y, w0)
    same(X, m["X"]), same(Y, m["Y"])
    phone, car = spake.phone_shared(x, w0, w1, Y), spake.car_shared(y, w0, b(m["L"]), X)
    assert phone == car
    same(phone[0], m["Z"]), same(phone[1], m["V"])
    k = spake.Keys.derive(X, Y, *phone, w0, b(i["appletVersions"]))
    for value, name in ((k.m1, "M1"), (k.m2, "M2"), (k.enc, "Kenc"), (k.mac, "Kmac"), (k.rmac, "Krmac")):
        same(value, o[name], name)
    same(k.long_term_secret, o["LTSS"])


def refuse_spake(negative, cases):
    i, case = negative["input"], cases[negative["input"].get("case", 0)]
    w0, m = int(case["intermediate"]["w0"], 16), case["intermediate"]
    if "X" in i:
        spake.car_shared(5, w0, b(m["L"]), b(i["X"]))
    elif "Y" in i:
        spake.phone_shared(5, w0, int(m["w1"], 16), b(i["Y"]))
    elif "M1" in i or "M2" in i:
        name = "M1" if "M1" in i else "M2"
        if case["outputs"][name] != i[name]:
            raise ValueError("evidence")
    else:
        return "skipped"        # APDUs to a phone


def check_system_keys(case, _):
    same(spake.system_keys(b(case["inputs"]["SK"]), 96), "".join(case["outputs"].values()))


def check_channel(case, _):
    i = case["inputs"]
    car, phone = (Channel(b(i["Kenc"]), b(i["Kmac"]), b(i["Krmac"]), i["startCounter"]) for _ in range(2))
    for step in case["outputs"]["steps"]:
        if step["kind"] == "getresponse":
            car.count_get_response(), phone.count_get_response()
        elif step["kind"] == "command":
            same(car.seal_command(b(step["plain"])), step["wire"])
            same(phone.open_command(b(step["wire"])), step["plain"])
        else:
            same(phone.seal_response(b(step["plain"])), step["wire"])
            same(car.open_response(b(step["wire"])), step["plain"])
        same(car.chain, step["mcv"], "MCV")


def refuse_channel(negative, _):
    i = negative["input"]
    channel = Channel(b(i["Kenc"]), b(i["Kmac"]), b(i["Krmac"]), i["startCounter"])
    if i["receiver"] == "sender":
        channel.seal_command(b"\x00")
    elif i["receiver"] == "command":
        for command in i["prior"]:
            channel.open_command(b(command)), channel.seal_response(b"")
        channel.open_command(b(i["data"]))
    else:
        channel.chain = crypto.cmac(channel.mac, channel.chain + b(i["command"])[:-8])
        channel.open_response(b(i["data"]))


def context(i, m, **changes) -> keys.Context:
    value = {**i, **changes}
    return keys.Context(b(i["vehicleId"]), b(i["transactionId"]), b(i["version"]), b(value["phoneVersions"]),
                        b(value["flag"]), b(m["vehicleEPK"]), b(m["endpointEPK"]), b(i["interface"]))


def check_standard(case, _):
    i, m, o = case["inputs"], case["intermediate"], case["outputs"]
    c = context(i, m)
    same(c.signature_input(keys.VEHICLE), m["vehicleSigInput"])
    same(key(i["vehicleSK"]).sign(b(m["vehicleSigInput"])), o["vehicleSig"])
    same(key(i["deviceSK"]).sign(b(m["endpointSigInput"])), o["endpointSig"])
    volatile, persistent = c.standard(key(i["vehicleESK"]), b(m["endpointEPK"]))
    same(volatile, o["Kenc"] + o["Kmac"] + o["Krmac"] + o["URSK"]), same(persistent, o["Kpersistent"])
    channel = Channel(*keys.split(volatile), counter=0)
    same(channel.open_response(b(o["auth1Response"])[:-2]), m["auth1ResponsePlain"])
    for step in o["exchanges"]:
        same(channel.seal_command(b(step["plain"])), step["command"][10:-2])
        same(channel.open_response(b(step["response"])[:-2]), step["responsePlain"])


def refuse_standard(negative, cases):
    i, case = negative["input"], cases[negative["input"]["case"]]
    c = context(case["inputs"], case["intermediate"],
                **{k: v for k, v in i.items() if k in ("flag", "phoneVersions")})
    if i["check"] == "vehicleSig":
        crypto.verify(b(case["intermediate"]["vehiclePK"]), c.signature_input(keys.VEHICLE), b(i["vehicleSig"]))
    elif i["check"] == "auth1Response":
        volatile, _ = c.standard(key(case["inputs"]["vehicleESK"]), b(case["intermediate"]["endpointEPK"]))
        Channel(*keys.split(volatile), counter=0).open_response(b(i["auth1Response"]))
    else:
        return "skipped"        # APDUs to a phone


def check_fast(case, cases):
    if "candidates" in case["inputs"]:
        assert candidate(case["inputs"], cases) == case["outputs"]["matchIndex"]
        return
    i, m, o = case["inputs"], case["intermediate"], case["outputs"]
    cryptogram, session = context(i, m).fast(b(i["Kpersistent"]), b(m["vehiclePK"]), b(m["devicePK"]))
    same(cryptogram, o["cryptogram"]), same(session, o["Kenc"] + o["Kmac"] + o["Krmac"])
    channel = Channel(*keys.split(session))
    same(channel.seal_command(b(o["exchange"]["plain"])), o["exchange"]["command"][10:-2])
    same(channel.open_response(b(o["exchange"]["response"])[:-2]), o["exchange"]["responsePlain"])


def candidate(i, cases):
    """Index of the candidate whose cryptogram fits, or None."""
    case = cases[i["case"]]
    c = context(case["inputs"], case["intermediate"],
                **{k: v for k, v in i.items() if k in ("flag", "phoneVersions")})
    vehicle = b"\x04" + b(i.get("vehiclePKx", case["intermediate"]["vehiclePK"][2:66])) + bytes(32)
    own = {"Kpersistent": case["inputs"]["Kpersistent"], "devicePKx": case["intermediate"]["devicePK"][2:66]}
    for index, one in enumerate(i.get("candidates", [own])):
        device = b"\x04" + b(one["devicePKx"]) + bytes(32)
        if c.fast(b(one["Kpersistent"]), vehicle, device)[0] == b(i["cryptogram"]):
            return index
    return None


def refuse_fast(negative, cases):
    if candidate(negative["input"], cases) is None:
        raise ValueError("no match")


def check_exchange(case, _):
    i, o = case["inputs"], case["outputs"]
    boxes = exchange.Mailboxes(b(i["privateBefore"]), b(i["confidentialBefore"]))
    for step in o["steps"]:
        if "event" in step:
            boxes.drop_session()
            continue
        same(boxes.execute(b(step["plain"]), i["afterFast"]), step["responsePlain"])
    same(boxes.private, o["privateAfter"]), same(boxes.confidential, o["confidentialAfter"])
    assert [note.hex() for note in boxes.notifications] == o["notifications"]


def refuse_exchange(negative, _):
    i = negative["input"]
    boxes = exchange.Mailboxes(b(i["privateBefore"]), b(i["confidentialBefore"]))
    for plain in i.get("prior", []):
        boxes.execute(b(plain), i["afterFast"])
    status, parts = exchange.answer(boxes.execute(b(i["plain"]), i["afterFast"]))
    same(f"status:{status:04x}", negative["expect"])
    assert not parts and (boxes.private, boxes.confidential) == (b(i["privateBefore"]), b(i["confidentialBefore"]))
    raise ValueError("refused")


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
        anchor = b(i["jPK"]) if "jPK" in i else cross(i["M"], i["dPK"], i["now"])
        leaf = certificates.vehicle_certificate(b(i["K"]), b(i.get("intermediate", "")), anchor, i["now"])
        same(leaf.public, o["vehiclePK"]), same(leaf.name.lower(), o["vehicleId"])
    else:
        return "skipped"


def cross(m, d_public, now) -> bytes:
    certificate = certificates.Certificate(b(m), certificates.CROSS, ca=True)
    certificate.check_issuer(b(d_public), None, now)
    return certificate.public


def refuse_certificate(negative, _):
    i = negative["input"]
    if "H" in i:
        certificates.endpoint_chain(b(i["F"]), b(i["E"]), b(i["H"]), b(i["jPK"]), i["now"])
    elif "K" in i:
        anchor = cross(i["M"], i["anchorPK"], i["now"])
        certificates.vehicle_certificate(b(i["K"]), b(i["intermediate"]), anchor, i["now"])
    else:
        return "skipped"


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
    elif case["name"] == "KtsReceipt":
        same(objects.receipt(b(i["vehicleId"]), b(i["keyId"]), b(i["slotId"]), i["time"], key(i["ktsSK"])), o["der"])
    elif case["name"] == "VehicleStatement":
        same(objects.statement(b(i["vehicleId"]), b(i["keyId"]), b(i["slotId"]), i["time"], key(i["vehicleSK"])),
             o["der"])
    elif case["name"] == "Termination":
        same(objects.termination(b(i["vehicleId"]), key(i["friendSK"]), b(i["slotId"]), i["time"], i["reason"],
                                 b(i["oemData"])), o["der"])
    elif case["name"] == "encSig":
        proof = objects.encryption_proof(b(i["vehicleId"]), b(i["slotId"]), b(i["encryptionPK"]))
        same(key(i["friendSK"]).sign(proof), o["encSig"])
    else:
        return "skipped"


def refuse_attestation(negative, _):
    i = negative["input"]
    if i["object"] == "Attestation":
        objects.Attestation.decode(b(i["der"]), b(i["ownerPK"]))
    elif i["object"] == "KeyConfig":
        objects.KeyConfig.decode(b(i["der"]))
    else:
        return "skipped"
