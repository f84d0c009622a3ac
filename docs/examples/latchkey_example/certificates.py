"""Certificates: making and checking them (docs/protocol.md 11)."""

import datetime
import re
import secrets
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

from . import der
from .crypto import PrivateKey, decode_point, key_id
from .der import Reader, integer, moment, octets, sequence

ARC = "1.3.6.1.4.1.41577.5."
VEHICLE, EXTERNAL, INSTANCE, ENDPOINT, ENCRYPTION, SIGNATURE, INTERMEDIATE, ROOT, CROSS = 1, 2, 3, 4, 5, 6, 8, 9, 10
SIMPLE = bytes.fromhex("3003020101")
NO_END = "99991231235959Z"


class BadChain(ValueError):
    """A certificate or path that breaks a rule of section 11."""


def generalized(time: datetime.datetime) -> str:
    return time.strftime("%Y%m%d%H%M%SZ").rjust(15, "0")


def public_key_info(public: bytes) -> bytes:
    """SubjectPublicKeyInfo of 65 bytes."""
    return bytes.fromhex("3059301306072A8648CE3D020106082A8648CE3D030107034200") + public


def issue(name: str, public: bytes, issuer: str, key: PrivateKey, number: int | None, *, ca: bool,
          extension: bytes = SIMPLE, not_before: str = "20250101000000Z", not_after: str = "20491231235959Z",
          path_length: int | None = None) -> bytes:
    """DER of a certificate of the profile of 11.2; `number` is n of 11.3, None in [D]."""
    subject_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    agreement = number == ENCRYPTION
    usage = x509.KeyUsage(digital_signature=not ca and not agreement, key_agreement=agreement,
                          key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
                          data_encipherment=False, encipher_only=False, decipher_only=False)
    builder = (x509.CertificateBuilder().serial_number(secrets.randbits(120) | 1 << 118)
               .subject_name(_name(name)).issuer_name(_name(issuer)).public_key(subject_key)
               .not_valid_before(moment(not_before)).not_valid_after(moment(not_after)))
    if number:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(ARC + str(number)), extension), critical=True)
    builder = (builder.add_extension(usage, critical=True)
               .add_extension(x509.BasicConstraints(ca, path_length), critical=True)
               .add_extension(x509.AuthorityKeyIdentifier(key.key_id, None, None), critical=False)
               .add_extension(x509.SubjectKeyIdentifier(key_id(public)), critical=False))
    return builder.sign(key.for_x509(), SHA256()).public_bytes(Encoding.DER)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass
class Endpoint:
    """Extension .4 of [H] (11.4); also the content of 7F4A that has to come back in it (7.5)."""
    vehicle_id: bytes
    options: bytes                  # option_group_1 ‖ option_group_2
    version: bytes
    vehicle_public: bytes
    slot: bytes
    authorized: list[bytes]
    confidential_size: int
    private_size: int
    account_hash: bytes | None = None

    def encoded(self) -> bytes:
        return sequence(integer(1), octets(self.vehicle_id), octets(self.options[:1]), octets(self.options[1:]),
                        octets(self.version), public_key_info(self.vehicle_public), octets(self.slot),
                        sequence(*map(public_key_info, self.authorized)), integer(self.confidential_size, 0x80),
                        integer(self.private_size, 0x81), octets(self.account_hash) if self.account_hash else b"")

    @classmethod
    def decode(cls, data: bytes) -> "Endpoint":
        outer = Reader(data)
        r = outer.inside()
        outer.end()
        r.integer([1])
        vehicle_id, options = r.octets(8), r.octets(1) + r.octets(1)
        version, vehicle_public, slot = r.octets(2), _public(r), r.octets(range(1, 9))
        keys, authorized = r.inside(), []
        while keys.data:
            authorized.append(_public(keys))
        if not 1 <= len(authorized) <= 5:
            raise der.BadDER("authorized_PK")
        result = cls(vehicle_id, options, version, vehicle_public, slot, authorized,
                     r.integer(tag=0x80), r.integer(tag=0x81), r.optional(der.OCTETS, lambda: r.octets(32)))
        r.end()
        return result


def _public(r: Reader) -> bytes:
    info = r.raw(der.SEQUENCE)
    if info[:-65] != public_key_info(b""):
        raise der.BadDER("SubjectPublicKeyInfo")
    decode_point(info[-65:])
    return info[-65:]


class Certificate:
    """A certificate whose own profile (11.2) holds; paths are a matter of the functions below."""

    def __init__(self, data: bytes, number: int, *, ca: bool, path_length: int | None = None):
        try:
            self.x509 = certificate = x509.load_der_x509_certificate(data)
            self.public = certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            self._check(certificate, number, ca, path_length)
        except (ValueError, TypeError, AttributeError, KeyError, x509.ExtensionNotFound) as error:
            raise BadChain(f"certificate .{number}: {error}") from None
        self.key_id = key_id(self.public)
        self.not_before = generalized(certificate.not_valid_before)
        self.not_after = generalized(certificate.not_valid_after)

    def _check(self, certificate, number: int, ca: bool, path_length: int | None) -> None:
        names = [list(name) for name in (certificate.subject, certificate.issuer)]
        if any(len(name) != 1 or name[0].oid != NameOID.COMMON_NAME or len(name[0].value) > 64 for name in names):
            raise BadChain("name")
        extensions = {extension.oid.dotted_string: extension for extension in certificate.extensions}
        wanted = {ARC + str(number), ExtensionOID.KEY_USAGE.dotted_string, ExtensionOID.BASIC_CONSTRAINTS.dotted_string}
        critical = {oid for oid, extension in extensions.items() if extension.critical}
        if critical != wanted:
            raise BadChain("extensions")
        if not 2 ** 55 <= certificate.serial_number < 2 ** 159:
            raise BadChain("serial number")     # positive, 8 to 20 bytes
        self.name, self.extension = names[0][0].value, extensions[ARC + str(number)].value.value
        if number not in (INSTANCE, ENDPOINT) and self.extension != SIMPLE:
            raise BadChain("extension content")
        usage = extensions[ExtensionOID.KEY_USAGE.dotted_string].value
        basic = extensions[ExtensionOID.BASIC_CONSTRAINTS.dotted_string].value
        if (usage.key_cert_sign, usage.crl_sign, usage.digital_signature, basic.ca, basic.path_length) != \
                (ca, ca, not ca, ca, path_length):
            raise BadChain("usage")
        if extensions[ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string].value.digest != key_id(self.public):
            raise BadChain("subjectKeyIdentifier")
        authority = extensions[ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string].value
        self.issuer, self.authority = names[1][0].value, authority.key_identifier
        if certificate.version != x509.Version.v3 or \
                certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            raise BadChain("version or algorithm")

    def check_issuer(self, public: bytes, name: str | None, now: str | None) -> None:
        """Signature, names, key identifier and, with a clock, dates (11.5)."""
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        try:
            key.verify(self.x509.signature, self.x509.tbs_certificate_bytes, ec.ECDSA(SHA256()))
        except Exception:
            raise BadChain("signature") from None
        if name is not None and name != self.issuer or self.authority != key_id(public):
            raise BadChain("issuer")
        if now and not self.not_before <= now <= self.not_after:
            raise BadChain("dates")


def endpoint_chain(f: bytes, e: bytes, h: bytes, root_public: bytes, now: str | None) -> tuple[Certificate, Endpoint]:
    """F → E → H under J: the phone's new key as the car, or the owner's phone, sees it."""
    external = Certificate(f, EXTERNAL, ca=True)
    instance = Certificate(e, INSTANCE, ca=True, path_length=0)
    leaf = Certificate(h, ENDPOINT, ca=False)
    external.check_issuer(root_public, None, now)
    instance.check_issuer(external.public, external.name, now)
    leaf.check_issuer(instance.public, instance.name, now)
    if leaf.name != leaf.key_id.hex().upper():
        raise BadChain("CommonName of H")
    _check_instance(instance.extension)
    try:
        return leaf, Endpoint.decode(leaf.extension)
    except ValueError as error:
        raise BadChain(f"endpoint extension: {error}") from None


def _check_instance(data: bytes) -> None:
    try:
        r = Reader(data).inside()
        r.integer([1]), r.octets(4), r.optional(der.OCTETS, lambda: r.octets(range(1, 21))), r.end()
    except ValueError as error:
        raise BadChain(f"instance extension: {error}") from None


def vehicle_certificate(k: bytes, intermediate: bytes | None, root_public: bytes, now: str | None,
                        root_name: str | None = None) -> Certificate:
    """[intermediate →] K under J; the vehicle identifier is the CommonName."""
    leaf = Certificate(k, VEHICLE, ca=False)
    if intermediate:
        between = Certificate(intermediate, INTERMEDIATE, ca=True)
        between.check_issuer(root_public, root_name, now)
        leaf.check_issuer(between.public, between.name, now)
    else:
        leaf.check_issuer(root_public, root_name, now)
    if not re.fullmatch("[0-9A-F]{16}", leaf.name):
        raise BadChain("CommonName of K")
    return leaf
