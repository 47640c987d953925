"""How MSAL reaches the network: requests, held to what Muster trusts, and to one answer at a time (facts/teams 1.7)."""

from __future__ import annotations

import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter

TIMEOUT_SECONDS = 10


class Forgetful(dict[str, object]):
    """MSAL's memory of answers, kept empty: it would repeat an outage for 5 s and a refusal for a minute."""

    def __setitem__(self, key: str, value: object) -> None:
        """Keep nothing."""


class _Trusting(HTTPAdapter):
    """Connections that trust what the rest of Muster trusts; requests would add certifi's list to it."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__(pool_maxsize=4)

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' own
        # Named here, the context is also used behind a proxy, and a CA bundle of the environment's is not added to it.
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"ssl_context": self._trust}

    def close(self) -> None:
        """Close the connections now: urllib3 leaves that to whoever collects its pools, and errors keep them."""
        managers = (self.poolmanager, *self.proxy_manager.values())
        for pools in (manager.pools for manager in managers):
            for key in pools.keys():  # noqa: SIM118 - it has no iterator, on purpose
                pools[key].close()
        super().close()

    def cert_verify(self, *_: object) -> None:
        """Leave the context as it is: it demands certificates and names already."""


class Session(requests.Session):
    """No redirects, no cookies, a time limit on every call, the machine's proxies, and no CA bundle of its own.

    `status` and `retry_after` are the last answer's. Without `proxies` it asks this machine's own endpoints. Closed
    while a thread still asks, it keeps no connection.
    """

    def __init__(self, trust: ssl.SSLContext, *, proxies: bool = True) -> None:
        super().__init__()
        self.trust_env = proxies
        self.mount("https://", _Trusting(trust))
        self.auth = _no_auth
        self._closed = False
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.status = 0
        self.retry_after: str | None = None
        self.cookies.clear()

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' own signature
        """Send a request, as requests does."""
        self.forget()
        kwargs |= {"allow_redirects": False, "timeout": TIMEOUT_SECONDS, "verify": True}
        try:
            response = super().request(*args, **kwargs)
        finally:
            if self._closed:
                super().close()
        self.status = response.status_code
        self.retry_after = response.headers.get("Retry-After")
        return response

    def close(self) -> None:
        """Close the connections, and from now on each one after its request: urllib3 would open new ones."""
        self._closed = True
        super().close()


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep .netrc out of it."""
    return request
