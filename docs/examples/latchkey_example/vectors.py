"""What check_vectors.py does with each file of vectors (docs/protocol.md 21): what travels over the air."""

from . import crypto, exchange, keys, layout, spake, tlv
from .channel import Channel
from .phone import Key, Phone

PASSWORD = "12345678"


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
        x, X = int(case["inputs"]["x"], 16), b(m["X"])
        shared = spake.phone_shared(x, w0, int(m["w1"], 16), b(i["Y"]))
        found = spake.Keys.derive(X, b(i["Y"]), *shared, w0, b(case["inputs"]["appletVersions"]))
        if found.m1 != b(i.get("M1", case["outputs"]["M1"])):
            raise ValueError("evidence")
    elif "M1" in i or "M2" in i:
        name = "M1" if "M1" in i else "M2"
        if case["outputs"][name] != i[name]:
            raise ValueError("evidence")
    else:
        phone = Phone([], [], PASSWORD if i["pairingMode"] else None, b(i["phoneVersions"]))
        phone.command(layout.select(layout.FRAMEWORK))
        answer = phone.command(layout.apdu(0x80, 0x30, data=b(i["requestData"])))
        same("sw:" + answer[-2:].hex().upper(), negative["expect"])
        raise ValueError("refused")


def check_system_keys(case, _):
    names = ("Kenc", "Kmac", "Krmac", "LTSS", "Kble_intro", "Kble_oob_master")
    wanted = "".join(case["outputs"].get(name, "") for name in names)
    same(spake.system_keys(b(case["inputs"]["SK"]), len(wanted) // 2), wanted)


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
        channel.seal_command(b(i["command"]))
        channel.open_response(b(i["data"]))


def context(i, m, changes=()) -> keys.Context:
    """That of a case; a refusal may change some of its values."""
    value = {name: b(changes[name] if name in changes else i[name])
             for name in ("vehicleId", "transactionId", "version", "phoneVersions", "flag", "interface")}
    return keys.Context(value["vehicleId"], value["transactionId"], value["version"], value["phoneVersions"],
                        value["flag"], b(m["vehicleEPK"]), b(m["endpointEPK"]), value["interface"])


def check_standard(case, _):
    i, m, o = case["inputs"], case["intermediate"], case["outputs"]
    c = context(i, m)
    same(c.signature_input(keys.VEHICLE), m["vehicleSigInput"])
    same(key(i["vehicleSK"]).sign(b(m["vehicleSigInput"])), o["vehicleSig"])
    same(key(i["deviceSK"]).sign(b(m["endpointSigInput"])), o["endpointSig"])
    volatile, persistent = c.standard(key(i["vehicleESK"]), b(m["endpointEPK"]))
    same(volatile[:48], o["Kenc"] + o["Kmac"] + o["Krmac"]), same(persistent, o["Kpersistent"])
    same(volatile[48:], o.get("URSK", volatile[48:].hex()))
    channel = Channel(*keys.split(volatile), counter=0)
    same(channel.open_response(b(o["auth1Response"])[:-2]), m["auth1ResponsePlain"])
    for step in o["exchanges"]:
        same(channel.seal_command(b(step["plain"])), step["command"][10:-2])
        same(channel.open_response(b(step["response"])[:-2]), step["responsePlain"])


def refuse_standard(negative, cases):
    i, case = negative["input"], cases[negative["input"]["case"]]
    c = context(case["inputs"], case["intermediate"], i)
    if i["check"] == "vehicleSig":
        crypto.verify(b(case["intermediate"]["vehiclePK"]), c.signature_input(keys.VEHICLE), b(i["vehicleSig"]))
    elif i["check"] == "auth1Response":
        volatile, _ = c.standard(key(case["inputs"]["vehicleESK"]), b(case["intermediate"]["endpointEPK"]))
        Channel(*keys.split(volatile), counter=0).open_response(b(i["auth1Response"]))
    else:
        raise ValueError(answered(case, i["apdus"], negative["expect"]))


def answered(case, apdus, expect) -> str:
    """The status word of our phone to the last command; it holds the key of the case."""
    i = case["inputs"]
    persistent = b(i["phoneKpersistentBefore"]) or bytes(32)
    held = Key(key(i["deviceSK"]), b(i["vehicleId"]), b(case["intermediate"]["vehiclePK"]),
               b(i["endpointOptionGroup1"]) + b"\x03", b(i["version"]), b(i["slotId"]), [],
               exchange.Mailboxes(bytes(1024), bytes(128)), persistent=persistent)
    phone = Phone([], [held], version_list=b(i["phoneVersions"]))
    phone.new_key = lambda: key(i["endpointESK"])
    for apdu in apdus:
        answer = phone.command(b(apdu))
    same("sw:" + answer[-2:].hex().upper(), expect)
    return expect


def check_fast(case, cases):
    if "candidates" in case["inputs"]:
        assert candidate(case["inputs"], cases) == case["outputs"].get("matchIndex")
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
    c = context(case["inputs"], case["intermediate"], i)
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
