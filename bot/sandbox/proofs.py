"""What stands for an app's secret at Entra: assertions, judged against its certificates and federated credentials.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials and
https://learn.microsoft.com/graph/api/resources/federatedidentitycredential.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from bot.sandbox.server import Refused

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "api://AzureADTokenExchange"
LONGEST_LIFE = 86_400

_UNKNOWN_KEY = (
    "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application."
)
_MALFORMED = "AADSTS50027: JWT token is invalid or malformed."
_NOT_NOW = "AADSTS700024: Client assertion is not within its valid time range."
_NO_FEDERATION = "AADSTS70025: The client has no configured federated identity credentials."
_OTHER = "AADSTS{}: No matching federated identity record found for presented assertion {} '{}'."


@dataclass(frozen=True, slots=True)
class Federated:
    """A federated credential: whose tokens stand for the app. `public_key` returns the issuer's key."""

    issuer: str
    subject: str
    public_key: Callable[[], Any]
    audience: str = EXCHANGE


@dataclass(slots=True)
class Proofs:
    """The certificates and federated credentials of the app's registration; all lists may be changed.

    `subjects` are trusted by the names of subject and issuer (RFC 4514), whichever certificate of theirs comes along.
    """

    certificates: list[x509.Certificate] = field(default_factory=list)
    subjects: list[tuple[str, str]] = field(default_factory=list)
    federated: list[Federated] = field(default_factory=list)

    def judge(self, assertion: str, client_id: str, endpoint: str, now: int) -> None:
        """Return if the assertion proves the app at `now` (s UTC) to a token endpoint; raises Refused as Entra does."""
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise Refused(401, "invalid_client", _MALFORMED) from None
        if claims.get("iss") == claims.get("sub") == client_id:
            self._signed(assertion, header, claims, endpoint)
        else:
            self._exchanged(assertion, claims)
        until = claims.get("exp")
        if not isinstance(until, int | float) or not now <= until <= now + LONGEST_LIFE:
            raise Refused(401, "invalid_client", _NOT_NOW)

    def _signed(self, assertion: str, header: dict[str, Any], claims: dict[str, Any], endpoint: str) -> None:
        known = [certificate for certificate in self.certificates if _named(certificate, header)]
        known += [certificate for certificate in _sent(header) if _subject_and_issuer(certificate) in self.subjects]
        if not any(_verified(assertion, certificate.public_key()) for certificate in known):
            raise Refused(401, "invalid_client", _UNKNOWN_KEY)
        if claims.get("aud") != endpoint or not claims.get("jti"):
            raise Refused(401, "invalid_client", _MALFORMED)

    def _exchanged(self, assertion: str, claims: dict[str, Any]) -> None:
        if not self.federated:
            raise Refused(401, "invalid_client", _NO_FEDERATION)
        matching = self.federated
        for number, name, part in ((700211, "issuer", "iss"), (700213, "subject", "sub"), (700212, "audience", "aud")):
            said = claims.get(part)
            matching = [record for record in matching if getattr(record, name) == said]
            if not matching:
                raise Refused(401, "invalid_client", _OTHER.format(number, name, said))
        if not any(_verified(assertion, record.public_key()) for record in matching):
            raise Refused(401, "invalid_client", _MALFORMED)


def _named(certificate: x509.Certificate, header: dict[str, Any]) -> bool:
    """Say whether the header names this certificate by a thumbprint; MSAL pads them."""
    names = {_thumbprint(certificate, hashes.SHA1()), _thumbprint(certificate, hashes.SHA256())}  # noqa: S303 - a name
    said = {str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256")} - {""}
    return bool(said) and said <= names


def _sent(header: dict[str, Any]) -> list[x509.Certificate]:
    """Return the certificate that came along, if one did."""
    try:
        return [x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))]
    except (KeyError, IndexError, TypeError, ValueError):
        return []


def _subject_and_issuer(certificate: x509.Certificate) -> tuple[str, str]:
    return certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()


def _verified(assertion: str, key: Any) -> bool:  # noqa: ANN401 - any public key
    options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        jwt.decode(assertion, key, algorithms=["PS256", "RS256"], options=options)
    except jwt.InvalidTokenError:
        return False
    return True


def _thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).decode().rstrip("=")
