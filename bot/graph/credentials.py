"""Credentials as Entra wants them, and what its refusals ask somebody to mend: files in, plain values out.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials, facts/graph 7.5, facts/teams 1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from bot.errors import CredentialsWrong
from bot.identity import (
    CERTIFICATE,
    IDENTITY,
    PASSWORD,
    TOKEN_FILE,
    Certificate,
    Credential,
    FederatedIdentity,
    Password,
    TokenFile,
)

Proof = Callable[[], object]
"""Returns what MSAL takes as the app's credential: equal as long as nothing has changed. Raises CredentialsWrong."""

_PEM_MARK = b"-----BEGIN"
_ENTRA = "Entra → App registrations → Certificates & secrets"
_FEDERATED = f"{_ENTRA} → Federated credentials must have the issuer, the subject and the audience of its token"
_ADVICE = {
    7000215: f"{PASSWORD} is no client secret of this app: set the secret's value, not its id",
    7000222: f"the client secret in {PASSWORD} has expired: make a new one in {_ENTRA}",
    700016: "MicrosoftAppId is no app of this tenant: compare it, MicrosoftAppTenantId and MUSTER_CLOUD",
    7000112: "the app in MicrosoftAppId is switched off: switch it on in Entra → Enterprise applications",
    90002: "Entra knows no such tenant: compare MicrosoftAppTenantId and MUSTER_CLOUD",
    700027: f"the app does not know the certificate in {CERTIFICATE}: upload its public half in {_ENTRA}",
    700024: "the proof is not valid at this time: set this machine's clock right, or see who renews the token's file",
    70025: f"the app has no federated credential: {_FEDERATED}",
    700211: _FEDERATED,
    700212: _FEDERATED,
    700213: _FEDERATED,
    500011: "this tenant has no such service: compare MUSTER_CLOUD",
    53003: "conditional access blocks the app: exempt it in Entra → Conditional Access → Workload identities",
}
"""What to mend by the numbers of AADSTS errors (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).

Words for an administrator, no more: Microsoft may change the numbers, so nothing is decided by them.
"""
_KINDS = {
    IDENTITY: "the managed identity in it must be assigned to this machine, and trusted by the app as a federated one",
    TOKEN_FILE: "whoever writes that file must renew it",
    "MicrosoftAppId": "no managed identity with this client id is assigned to this machine",
}


def advice(setting: str, numbers: Sequence[int]) -> str:
    """Return what to mend after a refusal with these AADSTS numbers; `setting` names the credential."""
    known = [_ADVICE[number] for number in numbers if number in _ADVICE]
    return known[0] if known else f"look at {setting}" + (f": {_KINDS[setting]}" if setting in _KINDS else "")


def proof(credential: Credential, machine: Callable[[str], str], now: Callable[[], int]) -> Proof:
    """Return the proof by a credential; `machine` gives a managed identity's token for an audience, `now` ms UTC.

    Raises ValueError for a managed identity, which needs no proof.
    """
    match credential:
        case Password(secret):
            return secret.reveal
        case Certificate():
            return lambda: from_certificate(credential, now())
        case TokenFile(file):
            from_file = {"client_assertion": lambda: read_assertion(file)}
            return lambda: from_file
        case FederatedIdentity(audience=audience):
            from_machine = {"client_assertion": lambda: machine(audience)}
            return lambda: from_machine
    raise ValueError("a managed identity proves itself")


def from_certificate(credential: Certificate, now: int) -> dict[str, Any]:
    """Return a key and its certificate as MSAL takes them; `now` is ms UTC.

    A certificate is sent along, so that its subject's name and issuer may be what the app trusts.
    Raises CredentialsWrong for a file that cannot be used, or a certificate that is not valid now.
    """
    try:
        key, own = _loaded(Path(credential.file).read_bytes(), credential.password.reveal().encode() or None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CredentialsWrong(
            f"{CERTIFICATE} cannot be read ({type(error).__name__}): it must be a PEM or PFX file with an RSA key, "
            "opened by MicrosoftAppCertificatePassword if it is locked"
        ) from None
    if own is None:
        if not credential.thumbprint:
            raise CredentialsWrong(
                f"{CERTIFICATE} has no certificate: add it, or set MicrosoftAppCertificateThumbprint"
            )
        return {"private_key": key, "thumbprint": credential.thumbprint}
    at = datetime.fromtimestamp(now / 1000, UTC)
    if not own.not_valid_before_utc <= at <= own.not_valid_after_utc:
        raise CredentialsWrong(
            f"{CERTIFICATE} names a certificate that is valid from {own.not_valid_before_utc:%Y-%m-%d} to "
            f"{own.not_valid_after_utc:%Y-%m-%d}: make a new one, and upload its public half in {_ENTRA}"
        )
    return {"private_key": key, "public_certificate": own.public_bytes(Encoding.PEM).decode()}


def ends_at(credential: Credential) -> int | None:
    """Return when a certificate ends, in ms UTC; None for what has no end in its file, or cannot be read."""
    if not isinstance(credential, Certificate):
        return None
    try:
        _, own = _loaded(Path(credential.file).read_bytes(), credential.password.reveal().encode() or None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return int(own.not_valid_after_utc.timestamp() * 1000) if own else None


def read_assertion(file: str) -> str:
    """Return the token that a file has at this moment. Raises CredentialsWrong when there is none."""
    try:
        found = Path(file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise CredentialsWrong(f"{TOKEN_FILE} cannot be read: {type(error).__name__}") from None
    if not found:
        raise CredentialsWrong(f"{TOKEN_FILE} names an empty file: {_KINDS[TOKEN_FILE]}")
    return found


def _loaded(content: bytes, password: bytes | None) -> tuple[str, x509.Certificate | None]:
    """Return the key as PEM and its certificate, if one is there. Raises ValueError or TypeError."""
    if _PEM_MARK in content:
        key = load_pem_private_key(content, password)
        chain = x509.load_pem_x509_certificates(content) if b"BEGIN CERTIFICATE" in content else []
    else:
        bundle = pkcs12.load_pkcs12(content, password)
        if bundle.key is None:
            raise ValueError("no key")
        key = bundle.key
        chain = [found.certificate for found in (bundle.cert, *bundle.additional_certs) if found is not None]
    own = [found for found in chain if found.public_key() == key.public_key()]
    if chain and not own:
        raise ValueError("the certificate is another key's")
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("Entra knows RSA alone")  # noqa: TRY004 - a file's content, no argument's type
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return written, own[0] if own else None
