"""Keys and certificates: the CA of the loopback servers, and the keys that sign tokens."""

from __future__ import annotations

import base64
import ipaddress
import ssl
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_PEM = serialization.Encoding.PEM
_spare: list[rsa.RSAPrivateKey] = []
"""Keys whose owners are gone: a new one takes 30 ms, and the next sandbox of this process may have an old one."""


class SigningKey:
    """An RSA key that signs RS256 tokens, as Entra's and Bot Framework's do. `kid` names it in a key set."""

    def __init__(self) -> None:
        self._key = _spare.pop() if _spare else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")

    def retire(self) -> None:
        """Give the key to the next sandbox of this process; nothing is signed with it here any more."""
        _spare.append(self._key)

    def sign(self, claims: dict[str, Any], *, kid: str | None = None) -> str:
        """Return the claims as a signed JWT; `kid` replaces the key's own name (to forge)."""
        headers = {"kid": kid or self.kid, "x5t": kid or self.kid}
        return jwt.encode(claims, self._key, algorithm="RS256", headers=headers)

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token signed by this key; raises jwt.InvalidTokenError. Times are not judged here."""
        options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        claims: dict[str, Any] = jwt.decode(token, self._key.public_key(), algorithms=["RS256"], options=options)
        return claims

    def public_key(self) -> rsa.RSAPublicKey:
        """Return the public half."""
        return self._key.public_key()

    def jwk(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key."""
        public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid, "n": public["n"], "e": public["e"]}


class Authority:
    """A certificate authority made at start, for `localhost` and `127.0.0.1`; it trusts nothing and nobody keeps it.

    `ca_file` is the path of its certificate (PEM), there until `close()`.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        folder = Path(self._folder.name)
        folder.chmod(0o700)
        key, certificate = _certificate_authority()
        self.ca_file = str(folder / "ca.pem")
        Path(self.ca_file).write_bytes(certificate.public_bytes(_PEM))
        server_key, server_certificate = _server_certificate(key, certificate)
        self._server_file = folder / "server.pem"
        self._server_file.touch(mode=0o600)
        self._server_file.write_bytes(
            server_key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + server_certificate.public_bytes(_PEM)
        )

    @cached_property
    def server_context(self) -> ssl.SSLContext:
        """What the loopback servers need to speak HTTPS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._server_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return a context that trusts this authority alone."""
        return ssl.create_default_context(cafile=self.ca_file)

    def close(self) -> None:
        """Delete the files."""
        self._folder.cleanup()


def _certificate_authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox on loopback")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return key, builder.sign(key, hashes.SHA256())


def _server_certificate(
    ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = (
        _builder(name, ca.subject, key.public_key())
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
    )
    return key, builder.sign(ca_key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    # A certificate is checked against the machine's clock by every TLS library, so no other clock would do.
    now = datetime.now(tz=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )
