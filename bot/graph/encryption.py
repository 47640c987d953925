"""Certificates for call events, and what Graph encrypts with them (facts/graph 6).

https://learn.microsoft.com/graph/change-notifications-with-resource-data: RSA of 2,048 to 4,096 bits, self-signed; a
symmetric key for each item under OAEP (SHA-1), its first 16 bytes are the vector of AES-CBC with PKCS7, HMAC-SHA256
over the encrypted data is compared before it is decrypted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from bot.calls import WatchKey

BITS = 2048
SERVES = 7 * 86_400_000
"""ms for which new subscriptions use a key."""
VALID = timedelta(days=30)
"""How long a certificate is valid: longer than its last subscription can live."""
VECTOR, NONCE, AES_KEY = 16, 12, 32
MOST_DATA = 4 * 1024 * 1024
_OAEP = OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - Graph's own choice, and sound within OAEP


class NotForUs(Exception):
    """What was encrypted cannot be read: another key, or somebody has changed it."""


def make_key(secret: bytes, key_id: str, now: int) -> WatchKey:
    """Return a new key pair with its certificate; takes some 50 ms of CPU. `now` is ms UTC, `secret` seals it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Muster call events")])
    since = datetime.fromtimestamp(now / 1000, tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since - timedelta(days=1))
        .not_valid_after(since + VALID)
        .sign(private, hashes.SHA256())
    )
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    return WatchKey(key_id, public, seal(secret, der, key_id), now + SERVES)


def seal(secret: bytes, plain: bytes, about: str) -> str:
    """Return bytes as text that only the same secret opens, for the same purpose (AES-256-GCM)."""
    nonce = os.urandom(NONCE)
    sealed = AESGCM(hashlib.sha256(secret).digest()).encrypt(nonce, plain, about.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(secret: bytes, sealed: str, about: str) -> bytes:
    """Return what was sealed. Raises NotForUs where the secret or the purpose is another one."""
    raw = _decoded(sealed)
    try:
        return AESGCM(hashlib.sha256(secret).digest()).decrypt(raw[:NONCE], raw[NONCE:], about.encode())
    except (InvalidTag, ValueError):
        raise NotForUs("sealed with another MUSTER_SECRET_KEY") from None


def private_key(secret: bytes, key: WatchKey) -> rsa.RSAPrivateKey:
    """Return the private half of a key pair. Raises NotForUs."""
    found = serialization.load_der_private_key(unseal(secret, key.sealed, key.key_id), None)
    if not isinstance(found, rsa.RSAPrivateKey):
        raise NotForUs("not an RSA key")
    return found


def decrypt(content: Mapping[str, Any], private: rsa.RSAPrivateKey) -> bytes:
    """Return what an item's `encryptedContent` holds. Raises NotForUs, whatever is in it."""
    data, signature = _decoded(content.get("data")), _decoded(content.get("dataSignature"))
    try:
        symmetric = private.decrypt(_decoded(content.get("dataKey")), _OAEP)
    except ValueError:
        raise NotForUs("another key") from None
    if len(symmetric) != AES_KEY:
        raise NotForUs("no AES-256 key")
    if not hmac.compare_digest(hmac.digest(symmetric, data, "sha256"), signature):
        raise NotForUs("changed on its way")
    cipher = Cipher(algorithms.AES(symmetric), modes.CBC(symmetric[:VECTOR])).decryptor()
    unpadder = padding.PKCS7(algorithms.AES.block_size).unpadder()
    try:
        return unpadder.update(cipher.update(data) + cipher.finalize()) + unpadder.finalize()
    except ValueError:
        raise NotForUs("not padded") from None


def _decoded(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > MOST_DATA:
        raise NotForUs("no base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise NotForUs("no base64") from None
