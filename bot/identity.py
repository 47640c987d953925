"""By what Muster proves to Entra that it is the app: kinds of credentials, and how settings name them (DESIGN 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

PASSWORD = "MicrosoftAppPassword"  # noqa: S105 - a setting's name
CERTIFICATE = "MicrosoftAppCertificatePath"
TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - a setting's name
IDENTITY = "MANAGED_IDENTITY_CLIENT_ID"
KINDS = (PASSWORD, CERTIFICATE, TOKEN_FILE, IDENTITY)
"""The settings of which exactly one is given, unless the app is a managed identity itself.

The first is every Azure bot's; the second is spelt as botbuilder's samples spell `…Thumbprint`; the third is put into
pods by Azure's workload identity for Kubernetes; the fourth is the Teams SDK's, with its `system`.
"""
MANAGED = "UserAssignedMSI"
SYSTEM = "system"


class Secret:
    """Text that neither `str` nor `repr` shows; `reveal()` does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text


@dataclass(frozen=True, slots=True)
class Password:
    """A client secret of the app registration."""

    secret: Secret
    setting: ClassVar[str] = PASSWORD


@dataclass(frozen=True, slots=True)
class Certificate:
    """A private key with its certificate, in one PEM or PFX file; read anew for each token, so it may be replaced.

    `password` opens the key, empty for none; `thumbprint` (SHA-1, hexadecimal) stands in for a certificate that is not
    in the file.
    """

    file: str
    password: Secret
    thumbprint: str
    setting: ClassVar[str] = CERTIFICATE


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """An identity that Azure gives this machine; "" is the machine's own (system-assigned) one."""

    client_id: str
    setting: ClassVar[str] = "MicrosoftAppId"


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A federated credential: a token of somebody else's in a file, which is replaced before it ends."""

    file: str
    setting: ClassVar[str] = TOKEN_FILE


@dataclass(frozen=True, slots=True)
class FederatedIdentity:
    """A federated credential: a managed identity whose token for `audience` stands for the app."""

    identity: ManagedIdentity
    audience: str
    setting: ClassVar[str] = IDENTITY


Credential = Password | Certificate | ManagedIdentity | TokenFile | FederatedIdentity


class Environment(Protocol):
    """What settings are read from; `problems` has one line each, beginning with the setting's name."""

    problems: list[str]

    def text(self, name: str, default: str = "") -> str:
        """Return a variable without blanks around it."""
        ...

    def file(self, name: str) -> str:
        """Return the path of a file that is there, "" where none is named or it is not there (a problem)."""
        ...

    def id_of(self, name: str) -> str:
        """Return an object's or an application's id in small letters; another text is a problem."""
        ...


def chosen(environ: Environment, app_id: str, app_type: str, audience: str) -> Credential:
    """Return the one credential that the settings name; none, and more than one, is a problem.

    `audience` is what a managed identity's token is for where it stands for the app.
    """
    given = [name for name in KINDS if environ.text(name)]
    if app_type == MANAGED:
        environ.problems += [
            f"{name} is set, and MicrosoftAppType is {MANAGED}: that identity needs no other credential. Leave it out."
            for name in given
        ]
        return ManagedIdentity(app_id)
    if len(given) > 1:
        environ.problems.append(
            f"{' and '.join(given)} are set; the app proves itself by one of them. Leave out the rest."
        )
    if CERTIFICATE in given:
        password = Secret(environ.text("MicrosoftAppCertificatePassword"))
        return Certificate(environ.file(CERTIFICATE), password, _thumbprint(environ))
    if TOKEN_FILE in given:
        return TokenFile(environ.file(TOKEN_FILE))
    if IDENTITY in given:
        own = environ.text(IDENTITY).casefold() == SYSTEM
        return FederatedIdentity(ManagedIdentity("" if own else environ.id_of(IDENTITY)), audience)
    if not given:
        environ.problems.append(
            f"{PASSWORD} is not set. It is a client secret of the app registration; "
            f"{', '.join(KINDS[1:-1])} or {IDENTITY} may stand in for it."
        )
    return Password(Secret(environ.text(PASSWORD)))


def _thumbprint(environ: Environment) -> str:
    """Return the certificate's SHA-1 thumbprint as Entra shows it, without colons and blanks."""
    name = "MicrosoftAppCertificateThumbprint"
    value = environ.text(name).replace(":", "").replace(" ", "").upper()
    if value and (len(value) != 40 or set(value) - set("0123456789ABCDEF")):  # noqa: PLR2004 - SHA-1 in hexadecimal
        environ.problems.append(
            f"{name} is not a thumbprint: Entra shows it beside the certificate, in 40 digits and letters."
        )
        return ""
    return value
