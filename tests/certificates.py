"""Certificates as an administrator would make them for the app, with their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

FAR = datetime(2049, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    """A certificate and its key."""

    key: RSAPrivateKey
    certificate: x509.Certificate

    @property
    def thumbprint(self) -> str:
        """The SHA-1 thumbprint as Entra shows it."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - Entra's name of a certificate

    def key_pem(self, password: str = "") -> bytes:
        """Return the key, locked if there is a password."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked(password))

    def pem(self, password: str = "") -> bytes:
        """Return key and certificate as one PEM file."""
        return self.key_pem(password) + self.certificate.public_bytes(Encoding.PEM)

    def pfx(self, password: str = "") -> bytes:
        """Return both as a PFX file."""
        return pkcs12.serialize_key_and_certificates(b"muster", self.key, self.certificate, None, locked(password))


def locked(password: str) -> KeySerializationEncryption:
    """Return how a key is written."""
    return BestAvailableEncryption(password.encode()) if password else NoEncryption()


def made(*, until: datetime = FAR) -> Made:
    """Make a certificate that signs itself, valid from 2020 on."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Muster")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(until)
    return Made(key, builder.sign(key, hashes.SHA256()))
